import { findSuspension, listHeld } from '@drawbridge/db'
import { expect, test, vi } from 'vitest'
import { admin as changeRoom, HALL, hall } from '../../test/rooms.ts'
import type { Device } from '../../test/story.ts'
import { png, sanitize, slotFor, uploads } from '../../test/uploads.ts'

type Uploads = Awaited<ReturnType<typeof uploads>>

const IMG_ACCEPT = 'image/avif,image/webp,image/*,*/*;q=0.8'
const bodies = (device: Device) =>
  device
    .received()
    .flatMap((text) => (text.startsWith('<message') ? (/<body>(.*?)<\/body>/u.exec(text)?.[1] ?? []) : []))
const saying = (text: string) => (element: { getChildText(name: string): string | undefined }) =>
  element.getChildText('body')?.includes(text) === true

/** Uploads an image and returns the link by which it is shared. */
async function picture(u: Uploads, device: Device, name: string): Promise<string> {
  const slot = await slotFor(device, name, png(name))
  const put = await u.fetch('PUT', slot.url, png(name), slot.headers)
  expect(put.status).toBe(201)
  return slot.getUrl
}

const message = (to: string, body: string, id: string, type = 'chat') =>
  `<message to="${to}" type="${type}" id="${id}"><body>${body}</body><origin-id xmlns="urn:xmpp:sid:0" id="${id}"/></message>`

async function holding(u: Uploads) {
  const bob = await u.connect('bob')
  for (const device of [u.alice, bob]) await device.available()
  const { suspension } = await u.operations.startSuspension('local:cli', {
    ...{ scopes: ['messages'], mode: 'hold', reason: 'worm' },
  })
  return { bob, id: suspension.id }
}

test('released after a scan: what was recalled meanwhile is discarded, its sender hears why, and the rest comes in order', async () => {
  await using u = await uploads()
  const link = await picture(u, u.alice, 'a.png')
  const { bob, id } = await holding(u)
  await u.alice.send(message(bob.jid, 'one', 'm1'))
  await u.alice.send(message(bob.jid, link, 'm2'))
  await u.alice.send(message(bob.jid, 'three', 'm3'))
  await u.operations.startRecall('carol@im.test', { formats: ['png'], reason: 'exploit' })
  expect(await u.operations.endSuspension('local:cli', id, 'rescan')).toMatchObject({ released: 2, discarded: 1 })
  await bob.next(saying('three'))
  expect(bodies(bob).filter((body) => body === 'one' || body === 'three' || body.includes('a.png'))).toEqual([
    ...['one', 'three'],
  ])
  // An error for the device that is there, by the id that it knows; and a message that stays.
  const error = await u.alice.next((element) => element.attrs['id'] === 'm2' && element.attrs['type'] === 'error')
  expect(error.getChild('error')?.getChild('discarded')?.attrs).toMatchObject({ id: 'm2', suspension: id })
  const notice = await u.alice.next(saying('discarded and not delivered'))
  expect(notice.toString()).toContain('Grund der Aussetzung: worm')
  expect(notice.getChild('discarded')?.attrs).toMatchObject({ id: 'm2', suspension: id })
})

test('released after review: one is let through with its time, one is discarded, and both are what a person decided', async () => {
  await using u = await uploads()
  const { bob, id } = await holding(u)
  for (const n of [1, 2, 3]) await u.alice.send(message(bob.jid, `word ${n}`, `m${n}`))
  await u.operations.endSuspension('local:cli', id, 'review')
  const held = () => listHeld(u.ctx.db, id, 10)
  const [first, second, third] = await held()
  await u.operations.releaseReviewed('carol@im.test', id, [third!.id])
  const third3 = await bob.next(saying('word 3'))
  expect(third3.getChild('delay')).toBeDefined()
  await u.operations.discardReviewed('carol@im.test', id, [second!.id])
  await u.alice.next((element) => element.attrs['id'] === 'm2' && element.attrs['type'] === 'error')
  await u.operations.releaseReviewed('carol@im.test', id, undefined)
  await bob.next(saying('word 1'))
  expect(await held()).toEqual([])
  expect(first!.id < second!.id && second!.id < third!.id).toBe(true)
})

test('a whole queue is discarded: nobody gets it, and each message is named to its sender, in their order', async () => {
  await using u = await uploads()
  const { bob, id } = await holding(u)
  for (const n of [1, 2, 3]) await u.alice.send(message(bob.jid, `word ${n}`, `m${n}`))
  await u.operations.endSuspension('local:cli', id, 'discard')
  const notice = await u.alice.next(saying('3 messages of yours'))
  expect(notice.getChildren('discarded').map(({ attrs }) => attrs['id'])).toEqual(['m1', 'm2', 'm3'])
  await u.alice.send(message(bob.jid, 'afterwards', 'm4'))
  await bob.next(saying('afterwards'))
  expect(bodies(bob).filter((body) => body.startsWith('word'))).toEqual([])
})

test('an image that is being made clean when images are suspended is not published, and its sender hears why', async () => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  await using u = await uploads({
    sanitize: async (bytes) => {
      asked.resolve()
      await mayGoOn
      return sanitize(bytes)
    },
  })
  const slot = await slotFor(u.alice, 'late.png', png('late'))
  const put = u.fetch('PUT', slot.url, png('late'), slot.headers)
  await asked.promise
  const { suspension } = await u.operations.startSuspension('local:cli', {
    ...{ scopes: ['images'], mode: 'hold', reason: 'drill' },
  })
  goOn()
  expect(await put).toMatchObject({ status: 503 })
  expect(JSON.parse((await put).body)).toMatchObject({ type: '/problems/suspended' })
  await u.operations.endSuspension('local:cli', suspension.id)
  expect((await u.fetch('GET', slot.getUrl)).status).toBe(404)
})

test('control §4.3 an incident room goes on through a cut, with its images; what is said elsewhere does not', async () => {
  await using u = await uploads({ settings: { web: { hasPlainLinks: true } } })
  const [bob, carol] = [await u.connect('bob'), await u.connect('carol')]
  await hall([u.alice, bob], { whois: 'anyone' })
  await changeRoom(u.alice, HALL, 'set', '<item affiliation="member" jid="bob@im.test"/>')
  const before = await picture(u, u.alice, 'before.png')
  const { suspension } = await u.operations.startSuspension('local:cli', {
    ...{ scopes: ['service'], mode: 'cut', reason: 'worm', exemptions: { rooms: [HALL] } },
  })
  expect(await carol.closed()).toContain('system-shutdown')
  expect([u.alice.session.isEnded, bob.session.isEnded]).toEqual([false, false])

  await u.alice.send(message(HALL, 'what do we know?', 'g1', 'groupchat'))
  await bob.next(saying('what do we know?'))
  await u.alice.send(message('bob@im.test', 'in private', 'p1'))
  await u.alice.next((element) => element.attrs['id'] === 'p1' && element.attrs['type'] === 'error')

  const link = await picture(u, u.alice, 'evidence.png')
  await u.alice.send(message(HALL, link, 'g2', 'groupchat'))
  const shared = await bob.next((element) => element.getChildText('body')?.includes('evidence.png') === true)
  const bound = /http\S+\?s=[\w-]+/u.exec(shared.getChildText('body') ?? '')?.[0] ?? ''
  expect((await u.fetch('GET', bound)).status).toBe(200)

  // What was not shared in that room is paused: in words, or where an image is wanted, as one.
  const words = await u.fetch('GET', before)
  expect([words.status, words.headers['content-type']]).toEqual([503, 'application/problem+json'])
  const sign = await u.fetch('GET', before, undefined, { accept: IMG_ACCEPT })
  expect([sign.status, sign.headers['content-type'], sign.headers['cache-control']]).toEqual([
    ...[503, 'image/png', 'no-store'],
  ])
  expect(Number(sign.headers['retry-after'])).toBeGreaterThan(0)
  await vi.waitFor(async () => {
    const row = await findSuspension(u.ctx.db, suspension.id)
    expect(row?.exemptionUses[`room:${HALL}`]).toBeGreaterThan(3)
  }, 5_000)
})
