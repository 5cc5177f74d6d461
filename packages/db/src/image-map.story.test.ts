import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../testkit/src/postgres.ts'
import { insertAccount } from './account.ts'
import { type Database, openDatabase } from './database.ts'
import { findImageMapping, hashOfImage, pruneImageMap, putImageMapping, touchImageMapping } from './image-map.ts'
import { createPepNode, DEFAULT_NODE_CONFIG, publishPepItem } from './pep.ts'
import { putVcard } from './personal.ts'
import { uuidv7 } from './uuid.ts'

let made: TestDatabase
let opened: Database
const LONG_AGO = "now() - interval '100 days'"
const before = () => new Date(Date.now() - 90 * 86_400_000)

beforeAll(async () => {
  made = await testDatabase()
  opened = openDatabase(made.url)
})
afterAll(async () => {
  await opened.close()
  await made[Symbol.asyncDispose]()
})

/** An image that Alice sent Bob, and did not use for long. */
async function sent(name: string, profile: 'inline' | 'avatar' = 'inline') {
  const image = { raw: Buffer.from(`raw ${name}`), clean: Buffer.from(`clean ${name}`), profile }
  await putImageMapping(
    opened.db,
    { ...image, type: 'image/png', widthPx: 1, heightPx: 1 },
    ['alice@im.test', 'bob@im.test'],
    'alice@im.test',
  )
  const rawSha256 = hashOfImage('sha-256', image.raw)
  await opened.pool.query(`update image_map set used_at = ${LONG_AGO} where raw_sha256 = $1`, [rawSha256])
  return { rawSha256, sha1: hashOfImage('sha-1', image.clean).toString('hex'), profile }
}

const isThere = async ({ rawSha256, profile }: { rawSha256: Buffer; profile: string }) =>
  (await findImageMapping(opened.db, rawSha256, profile)) !== undefined

test('images of stanzas are forgotten when nobody has sent them for long', async () => {
  const [old, again] = [await sent('old'), await sent('again')]
  await touchImageMapping(opened.db, again)
  expect(await pruneImageMap(opened.db, { before: before(), maxPerSender: 100 })).toBe(1)
  expect(await isThere(old)).toBe(false)
  expect(await isThere(again)).toBe(true)
})

test('avatars are kept while a vCard, an item or a room has them', async () => {
  const account = await insertAccount(opened.db, { localpart: 'alice', credentials: [] }, uuidv7())
  if (account === 'exists') throw new Error('alice exists')
  const [photo, item, none] = [
    await sent('photo', 'avatar'),
    await sent('item', 'avatar'),
    await sent('none', 'avatar'),
  ]
  await putVcard(opened.db, account.id, { element: '<vCard/>', photoSha1: photo.sha1, filterVersion: 1 })
  await createPepNode(opened.db, account.id, { ...DEFAULT_NODE_CONFIG, node: 'urn:xmpp:avatar:data' })
  await publishPepItem(opened.db, account.id, 'urn:xmpp:avatar:data', { itemId: item.sha1, payload: '<data/>' })
  await pruneImageMap(opened.db, { before: before(), maxPerSender: 100 })
  expect(await Promise.all([photo, item, none].map(isThere))).toEqual([true, true, false])
})

test('of one sender the newest are kept, and an avatar counts for nothing', async () => {
  const images = []
  for (let n = 0; n < 6; n++) {
    const image = await sent(`many ${n}`)
    await opened.pool.query(`update image_map set used_at = now() - $1 * interval '1 minute' where raw_sha256 = $2`, [
      6 - n,
      image.rawSha256,
    ])
    images.push(image)
  }
  await pruneImageMap(opened.db, { before: before(), maxPerSender: 2 })
  expect(await Promise.all(images.map(isThere))).toEqual([false, false, false, false, false, true])
})
