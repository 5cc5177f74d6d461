import { listCensus, openDatabase } from '@drawbridge/db'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { startImageCensus } from './image-census.ts'

test('more kinds of images than are told apart are counted all the same (control §2, row 5)', async () => {
  await using made = await testDatabase()
  await using opened = openDatabase(made.url)
  const now = () => new Date('2026-11-23T10:00:00Z')
  let encoders = 0
  const sanitize = async () => cleanImage({ bytes: Buffer.from('ours'), encoder: `encoder ${encoders++}` })
  const census = startImageCensus({ db: opened.db, sanitize, log: silentLog, now, maxKinds: 3 })
  for (let image = 0; image < 10; image++) await census.sanitize(Buffer.from('PNG'), 'image', {})
  await census[Symbol.asyncDispose]()
  const rows = await listCensus(opened.db, '2026-11-23')
  expect(rows.map(({ encoder, images, bytesIn, bytesOut }) => [encoder, images, bytesIn, bytesOut])).toEqual(
    expect.arrayContaining([
      ['encoder 0', 1, 3, 4],
      ['encoder 2', 1, 3, 4],
      ['', 7, 21, 28],
    ]),
  )
  expect(rows).toHaveLength(4)
})
