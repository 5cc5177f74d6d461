import { createHash } from 'node:crypto'
import { listCensus } from '@drawbridge/db'
import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test, vi } from 'vitest'
import { CLEAN, png, slotFor, uploads } from '../../../test/uploads.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const THUMBNAIL = {
  maxSidePx: 128,
  format: 'jpeg',
  widthPx: 128,
  heightPx: 64,
  bytes: Buffer.from('a small one'),
} as const

test('what is recalled is gone at once, thumbnails included, with the reason, and comes back when the recall ends', async () => {
  await using u = await uploads({ sanitize: () => cleanImage({ bytes: CLEAN, thumbnails: [THUMBNAIL] }) })
  const body = png()
  const slot = await slotFor(u.alice, 'a.png', body)
  const put = await u.fetch('PUT', slot.url, body, slot.headers)
  const [thumbnail] = (JSON.parse(put.body) as { thumbnails: { url: string }[] }).thumbnails
  const statuses = async () => [
    (await u.fetch('GET', slot.getUrl)).status,
    (await u.fetch('GET', thumbnail!.url)).status,
  ]
  expect(await statuses()).toEqual([200, 200])

  const wide = new Date(Date.now() + 60_000).toISOString()
  const scopes = [
    { hashes: [sha256(CLEAN)] },
    { hashes: [sha256(body)] },
    { senders: ['alice'] },
    { formats: ['png'] },
    { sentUntil: wide },
    { senders: ['alice'], formats: ['png'], sentUntil: wide },
  ] as const
  for (const scope of scopes) {
    const { recall, effect } = await u.operations.startRecall('carol@im.test', { ...scope, reason: 'wrong file' })
    expect(effect.appliedMs).toBeLessThan(2_000)
    const gone = await u.fetch('GET', slot.getUrl)
    expect(await statuses(), JSON.stringify(scope)).toEqual([410, 410])
    expect(JSON.parse(gone.body)).toMatchObject({ type: '/problems/media-recalled', reason: 'wrong file' })
    expect((await u.fetch('GET', slot.getUrl, undefined, { 'if-none-match': `"${sha256(CLEAN)}"` })).status).toBe(410)
    await u.operations.endRecall('carol@im.test', recall.id)
    expect(await statuses()).toEqual([200, 200])
  }

  const others = [
    { senders: ['bob'] },
    { formats: ['webp'] },
    { hashes: ['ab'.repeat(32)] },
    { sentFrom: wide },
  ] as const
  for (const scope of others) await u.operations.startRecall('carol@im.test', { ...scope, reason: 'another file' })
  expect((await u.fetch('GET', slot.getUrl)).status).toBe(200)
  await expect(u.operations.endRecall('carol@im.test', 'nothing')).rejects.toMatchObject({ code: 'no-such-recall' })
})

test('what was shared in a room is recalled by the room; what is shared there later is not', async () => {
  await using u = await uploads()
  // The archive of an account is read as that of a room is.
  const share = async (name: string, isSent: boolean) => {
    const slot = await slotFor(u.alice, name, png(name))
    await u.fetch('PUT', slot.url, png(name), slot.headers)
    if (isSent) await u.alice.send(`<message to="alice@im.test" type="chat"><body>${slot.getUrl}</body></message>`)
    return slot.getUrl
  }
  const shared = await share('shared.png', true)
  const elsewhere = await share('elsewhere.png', false)
  await u.operations.startRecall('carol@im.test', { room: 'alice@im.test', reason: 'not for this room' })
  const later = await share('later.png', true)
  const statuses = await Promise.all([shared, elsewhere, later].map(async (url) => (await u.fetch('GET', url)).status))
  expect(statuses).toEqual([410, 200, 200])
})

test('every image is in the census, with what it held and what became of it', async () => {
  await using u = await uploads()
  for (const body of [png(), png('broken'), png('broken')]) {
    const slot = await slotFor(u.alice, 'a.png', body)
    await u.fetch('PUT', slot.url, body, slot.headers)
  }
  const census = async () =>
    (await listCensus(u.ctx.db, '2000-01-01')).map(({ profile, inputFormat, outcome, reason, images }) =>
      [profile, inputFormat, outcome, reason, images].join(' '),
    )
  await vi.waitFor(
    async () => expect((await census()).toSorted()).toEqual(['image png clean  1', 'image png refused corrupt 2']),
    { timeout: 15_000 },
  )
})
