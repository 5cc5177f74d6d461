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

test('a recalled picture is not taken again, whatever is sent for it, and the sender is told so', async () => {
  await using u = await uploads()
  const put = async (body: Buffer, headers = {}) => {
    const slot = await slotFor(u.alice, 'a.png', body)
    return u.fetch('PUT', slot.url, body, { ...slot.headers, ...headers })
  }
  expect((await put(png('one'))).status).toBe(201)
  const start = { hashes: [sha256(png('one'))], reason: 'wrong file' } as const
  const { recall } = await u.operations.startRecall('carol@im.test', start)
  // The same bytes, and others of which the same picture comes.
  for (const body of [png('one'), png('two')]) {
    const answer = await put(body, { 'accept-language': 'de' })
    expect(answer.status).toBe(410)
    const detail = expect.stringContaining('kann nicht erneut gesendet werden')
    expect(JSON.parse(answer.body)).toMatchObject({ type: '/problems/media-recalled', detail })
  }
  expect((await u.files()).quarantine).toEqual([])
  await u.operations.endRecall('carol@im.test', recall.id)
  expect((await put(png('one'))).status).toBe(201)
})

test('a recall of what somebody sent is about what was sent: what comes later is new, unless it says until when', async () => {
  await using u = await uploads()
  const share = async (name: string) => {
    const slot = await slotFor(u.alice, name, png(name))
    return { put: (await u.fetch('PUT', slot.url, png(name), slot.headers)).status, url: slot.getUrl }
  }
  const before = await share('before.png')
  await u.operations.startRecall('carol@im.test', { senders: ['alice'], reason: 'a stolen phone' })
  const after = await share('after.png')
  expect((await u.fetch('GET', before.url)).status).toBe(410)
  expect(after.put).toBe(201)
  expect((await u.fetch('GET', after.url)).status).toBe(200)
  const sentUntil = new Date(Date.now() + 600_000).toISOString()
  await u.operations.startRecall('carol@im.test', { senders: ['alice'], sentUntil, reason: 'a stolen phone' })
  expect((await share('later.png')).put).toBe(410)
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
