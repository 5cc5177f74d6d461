import { createHash } from 'node:crypto'
import { findLastImageRenewal, insertImageRenewal, uuidv7 } from '@drawbridge/db'
import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { items, publish, subscribe } from '../../test/pubsub.ts'
import { png, slotFor, uploads } from '../../test/uploads.ts'
import { sweep } from '../features/upload/sweep.ts'
import { imageStores } from './image-stores.ts'
import { renewImagesHandler } from './renew-images.ts'

const sha = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array) => createHash(algorithm).update(bytes)
const sha1 = (bytes: Uint8Array) => sha('sha1', bytes).digest('hex')
const cid = (bytes: Uint8Array) => `sha1+${sha1(bytes)}@bob.xmpp.org`
const HALL = 'hall@rooms.im.test'
const DAY_MS = 86_400_000

/** Three encoders, one after the other: an image of each is told by its bytes. */
const BY = ['yesterday', 'today', 'tomorrow'].map((day) =>
  Buffer.from(`as the encoder of ${day} writes it, byte for byte`),
)
const [OLD, NEW, NEWER] = BY as [Buffer, Buffer, Buffer]
const RAW = png('as alice sent it')

/** Alice has shown one image in every way there is, and Bob may see all of it. */
async function shown() {
  let day = 0
  let later = 0
  const asked: string[] = []
  let onAsked = () => undefined as void
  const u = await uploads({
    now: () => new Date(Date.now() + later),
    sanitize: (bytes, profile) => {
      if (day > 0) asked.push(`${profile} ${sha1(bytes)}`)
      onAsked()
      return cleanImage({ widthPx: 20, heightPx: 10, bytes: BY[day]!, profileVersion: `v${day}` })
    },
  })
  const { alice } = u
  const bob = await u.connect('bob')
  await bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await alice.send('<presence type="subscribed" to="bob@im.test"/>')
  for (const device of [alice, bob]) await device.available()

  const raw = RAW.toString('base64')
  const bits = `<data xmlns="urn:xmpp:bob" cid="${cid(RAW)}" type="image/png">${raw}</data>`
  const holding = `<x xmlns="urn:example" src="cid:${cid(RAW)}"/>${bits}`
  const photo = (field: string) => `<${field}><TYPE>image/png</TYPE><BINVAL>${raw}</BINVAL></${field}>`
  const card = `<vCard xmlns="vcard-temp"><FN>A</FN>${photo('PHOTO')}${photo('LOGO')}</vCard>`
  const slot = await slotFor(alice, 'a.png', RAW)
  await u.fetch('PUT', slot.url, RAW, slot.headers)
  const file =
    '<file xmlns="urn:xmpp:file:metadata:0"><media-type>image/png</media-type><desc>hi</desc><name>a.png</name></file>'
  const sources = `<sources xmlns="urn:xmpp:sfs:0"><url-data xmlns="http://jabber.org/protocol/url-data" target="${slot.getUrl}"/></sources>`
  const sharing = `<file-sharing xmlns="urn:xmpp:sfs:0">${file}${sources}</file-sharing>`
  const hash = '<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">EpRv28DHHzFrE4zd+xaNpVb4jbu4s74XtioExNjQzZ0=</hash>'
  const pack = `<pack xmlns="urn:xmpp:stickers:0"><name>P</name><summary>S</summary><item>${file}${sources}<suggest>+1</suggest></item>${hash}</pack>`
  const done = async (answer: Promise<{ toString(): string }>) =>
    expect(String(await answer)).toContain('type="result"')
  await done(alice.ask('set', card))
  await done(alice.ask('set', publish('urn:xmpp:stickers:0', pack, 'EpRv28DHHzFrE4zd+xaNpVb4')))
  await done(alice.ask('set', publish('urn:example:album', `<album xmlns="urn:example">${holding}${sharing}</album>`)))
  await done(alice.ask('set', `<query xmlns="jabber:iq:private"><mine xmlns="urn:example">${holding}</mine></query>`))
  const sticker = '<sticker xmlns="urn:xmpp:stickers:0" pack="EpRv28DHHzFrE4zd+xaNpVb4"/>'
  await alice.send(`<message to="bob@im.test" type="chat"><body>look</body>${holding}${sharing}${sticker}</message>`)
  await alice.send(`<presence type="subscribe" to="bob@im.test">${holding}</presence>`)
  await alice.send(`<presence to="${HALL}/alice"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  const form = '<query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"/></query>'
  await done(alice.ask('set', form, HALL))
  await done(alice.ask('set', card, HALL))
  await bob.send(`<presence to="${HALL}/bob"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  await alice.send(`<message to="${HALL}" type="groupchat"><body>look</body>${holding}${sharing}</message>`)
  await done(bob.ask('set', subscribe('urn:xmpp:avatar:metadata', 'bob@im.test'), 'alice@im.test'))
  await bob.next((element) => element.is('presence') && element.toString().includes(`<photo>${sha1(OLD)}</photo>`))

  const get = async (payload: string, to = 'alice@im.test') => (await bob.ask('get', payload, to)).toString()
  const archive = async (to: string) => {
    bob.received()
    await bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', to)
    return bob.received().join('')
  }
  /** What Bob sees, place by place. */
  const look = async () => ({
    vCard: await get('<vCard xmlns="vcard-temp"/>'),
    'avatar data': await get(items('urn:xmpp:avatar:data')),
    album: await get(items('urn:example:album')),
    archive: await archive('bob@im.test'),
    'archive of the room': await archive(HALL),
    'picture of the room': await get('<vCard xmlns="vcard-temp"/>', HALL),
    'private element': (
      await alice.ask('get', '<query xmlns="jabber:iq:private"><mine xmlns="urn:example"/></query>')
    ).toString(),
    link: Buffer.from((await u.fetch('GET', slot.getUrl)).body).toString('base64'),
  })
  /** Everything that is said of it by a hash. */
  const said = async () => ({
    metadata: await get(items('urn:xmpp:avatar:metadata')),
    packs: await get(items('urn:xmpp:stickers:0')),
  })
  const start = async (isEverything: boolean) => {
    const row = { id: uuidv7(), isEverything, startedBy: 'carol@im.test', startedAt: new Date(Date.now() + later) }
    return (await insertImageRenewal(u.ctx.db, row))!.id
  }
  const renew = async (renewalId: string, signal = new AbortController().signal) => {
    await renewImagesHandler(u.ctx)({ renewalId }, { signal })
    return findLastImageRenewal(u.ctx.db)
  }
  return {
    ...u,
    alice,
    bob,
    asked,
    look,
    said,
    get,
    start,
    renew,
    onAsked: (then: () => void) => void (onAsked = then),
    change: (to: number) => void (day = to),
    pass: (ms: number) => void (later += ms),
    [Symbol.asyncDispose]: () => u[Symbol.asyncDispose](),
  }
}

type Shown = Awaited<ReturnType<typeof shown>>

async function expectShown(s: Shown, image: Buffer): Promise<void> {
  for (const [place, text] of Object.entries(await s.look())) {
    expect(text, place).toContain(image.toString('base64'))
    for (const other of BY) if (other !== image) expect(text, place).not.toContain(other.toString('base64'))
  }
  const { metadata, packs } = await s.said()
  expect(metadata).toContain(`<info id="${sha1(image)}" type="image/png" bytes="${image.length}"`)
  expect(packs).toContain(sha('sha256', image).digest('base64'))
}

/** Rows that hold any of these texts, by table: whatever the schema is by now. */
async function rowsWith({ ctx }: Shown, texts: readonly string[]): Promise<string[]> {
  const { rows } = await ctx.db.execute<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  )
  const found: string[] = []
  for (const { name } of rows) {
    const all = await ctx.db.execute<{ row: string }>(`select t::text as row from "${name}" t`)
    for (const { row } of all.rows) if (texts.some((text) => row.includes(text))) found.push(name)
  }
  return [...new Set(found)].toSorted()
}

const base64 = (image: Buffer) => [image.toString('base64'), sha('sha256', image).digest('base64')]
const names = (image: Buffer) => [sha1(image), sha('sha256', image).digest('hex')]

test('whatever holds an image or describes one has the new one afterwards, and the old one is nowhere', async () => {
  await using s = await shown()
  await expectShown(s, OLD)
  const tables = ['message', 'pep_item', 'presence_request', 'private_xml', 'room', 'vcard']
  expect(await rowsWith(s, base64(OLD)), 'they are where they are looked for').toEqual(tables)
  s.change(1)
  s.bob.received()
  expect(await s.renew(await s.start(true))).toMatchObject({ outcome: 'done', failed: 0 })
  // Clients keep avatars by their hash: they are told of the new one, in both ways (XEP-0084 §4.2, XEP-0153 §3.1).
  for (const naming of [`<photo>${sha1(NEW)}</photo>`, `<info id="${sha1(NEW)}"`]) {
    await s.bob.next((element) => element.toString().includes(naming))
  }
  await expectShown(s, NEW)
  expect(await rowsWith(s, base64(OLD))).toEqual([])
  // Under its names it is found, so these are kept, and nothing else says them.
  expect(await rowsWith(s, names(OLD))).toEqual(['blob', 'image_map', 'image_reader', 'upload'])
  s.pass(DAY_MS)
  await sweep(s.ctx)
  expect((await s.files()).clean).toEqual([sha('sha256', NEW).digest('hex')])
  // Each image once for each purpose, wherever it is, and never one of the sender's.
  expect(s.asked.toSorted()).toEqual(['avatar', 'image', 'inline'].map((profile) => `${profile} ${sha1(OLD)}`))
})

test('who asks for an image by a hash that it once had gets the one there is', async () => {
  await using s = await shown()
  const packIds = async () => [...(await s.said()).packs.matchAll(/<item id="([^"]+)"/g)].map(([, id]) => id!)
  const [before = ''] = await packIds()
  s.change(1)
  await s.renew(await s.start(true))
  s.change(2)
  s.pass(1_000)
  await s.renew(await s.start(true))
  const [after = ''] = await packIds()
  expect(after).not.toBe(before)
  const item = (node: string, id: string) =>
    `<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="${node}"><item id="${id}"/></items></pubsub>`
  for (const image of [RAW, OLD, NEW, NEWER]) {
    const bits = await s.get(`<data xmlns="urn:xmpp:bob" cid="${cid(image)}"/>`)
    expect(bits).toContain(`cid="${cid(NEWER)}" type="image/png">${NEWER.toString('base64')}`)
    const data = await s.get(item('urn:xmpp:avatar:data', sha1(image)))
    expect(data).toContain(`<item id="${sha1(NEWER)}"><data xmlns="urn:xmpp:avatar:data">${NEWER.toString('base64')}`)
  }
  for (const id of ['EpRv28DHHzFrE4zd+xaNpVb4', before, after]) {
    expect(await s.get(item('urn:xmpp:stickers:0', id))).toContain(`<item id="${after}"`)
  }
  const { archive } = await s.look()
  expect(archive).toContain(`<sticker xmlns="urn:xmpp:stickers:0" pack="${after}"/>`)
  expect(archive).toContain(`src="cid:${cid(NEWER)}"`)
  // A recall by any of them is about the one there is.
  const recalled = await s.operations.startRecall('carol@im.test', {
    hashes: [sha('sha256', RAW).digest('hex')],
    reason: 'wrong picture',
  })
  for (const [place, text] of Object.entries(await s.look())) {
    if (place !== 'private element') expect(text, place).not.toContain(NEWER.toString('base64'))
  }
  expect(recalled.files).toBe(1)
})

test('stopped at any point it goes on from there, makes no image anew twice, and what today’s encoder made stays', async () => {
  await using s = await shown()
  s.change(1)
  const id = await s.start(false)
  let stops = 0
  for (let isDone = false; !isDone;) {
    const stop = new AbortController()
    // After each image that is made, the process is told to end.
    s.onAsked(() => stop.abort(new Error('stopped')))
    try {
      isDone = (await s.renew(id, stop.signal))?.outcome === 'done'
    } catch (error) {
      expect(error).toMatchObject({ message: 'stopped' })
      stops += 1
    }
  }
  expect(stops).toBe(3)
  expect(s.asked).toHaveLength(3)
  await expectShown(s, NEW)
  s.asked.length = 0
  s.pass(1_000)
  const again = await s.renew(await s.start(false))
  expect(again).toMatchObject({ outcome: 'done', renewed: 0, failed: 0 })
  await expectShown(s, NEW)
})

test('what is recalled stays as it is, so that a recall by its hash goes on holding, and can be undone', async () => {
  await using s = await shown()
  const hashes = [sha('sha256', OLD).digest('hex')]
  const { recall } = await s.operations.startRecall('carol@im.test', { hashes, reason: 'wrong picture' })
  s.change(1)
  expect(await s.renew(await s.start(true))).toMatchObject({ outcome: 'done', renewed: 0, failed: 0 })
  expect(s.asked).toEqual([])
  await s.operations.endRecall('carol@im.test', recall.id)
  await expectShown(s, OLD)
})

test('every table that can hold or describe an image of ours belongs to a store', async () => {
  await using s = await shown()
  // What may hold one carries the version of the filter that let it in, or refers to the clean file.
  const { rows } = await s.ctx.db.execute<{ name: string }>(`
    select table_name as name from information_schema.columns
    where table_schema = 'public' and (column_name like '%filter_version' or column_name = 'clean_sha256')
    union
    select conrelid::regclass::text from pg_constraint where contype = 'f' and confrelid = 'blob'::regclass`)
  const covered = new Set(imageStores(s.ctx).flatMap(({ tables }) => tables))
  expect(rows.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([])
  expect(rows.length).toBeGreaterThan(5)
})
