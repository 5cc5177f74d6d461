import { TRAFFIC_COUNTS } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { run } from '../../test/run.ts'
import { trafficList } from './traffic.ts'

const NONE = Object.fromEntries(TRAFFIC_COUNTS.map((count) => [count, 0]))

test('who sent how much is one line each: what there was of it, and whether they are gone', async () => {
  const rows = [
    { ...NONE, subject: 'alice', id: '2', isFormer: true, messages: 3, bytes: 900, files: 1, images: 1 },
    { ...NONE, subject: 'alice', id: '3', isFormer: false, downloads: 2, downloadBytes: 70, imageDownloadBytes: 60 },
    { ...NONE, subject: 'bob', id: '4', isFormer: false, uploads: 1, uploadBytes: 5, calls: 2 },
  ]
  const { asked, printed } = await run(trafficList, ['--order', 'bytes', '--limit', '3'], { listTraffic: { rows } })
  expect(asked).toEqual([
    { route: 'listTraffic', query: { order: 'bytes', limit: 3, from: expect.stringMatching(/^\d{4}-/) } },
  ])
  expect(printed).toEqual([
    'alice (gone)  3 messages (900 bytes), 1 with files, 1 with images',
    'alice  2 files went (70 bytes, 60 of images)',
    'bob  1 files came (5 bytes, 0 of images); 2 calls',
  ])
})

test('a count or a kind that there is not is told before anybody is asked', async () => {
  await expect(run(trafficList, ['--order', 'fame'])).rejects.toThrow('order')
  await expect(run(trafficList, ['--by', 'colour'])).rejects.toThrow('by')
  await expect(run(trafficList, ['--days', '0'])).rejects.toThrow('--days')
})
