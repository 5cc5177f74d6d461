import { cleanImage } from '@drawbridge/testkit/images'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { items, publish, subscribe } from '../../test/pubsub.ts'
import { story } from '../../test/story.ts'

const sha = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex')
const RAW = Buffer.from('\x89PNG\r\n\x1a\nsent by alice', 'latin1')
const CLEAN = Buffer.from('\x89PNG\r\n\x1a\nmade by our encoder, every byte of it', 'latin1')
const OURS = CLEAN.toString('base64')
const ID = sha('sha1', CLEAN)
const CID = `sha1+${ID}@bob.xmpp.org`
const HALL = 'hall@rooms.im.test'

const raw = RAW.toString('base64')
const bits = `<data xmlns="urn:xmpp:bob" cid="sha1+${sha('sha1', RAW)}@bob.xmpp.org" type="image/png">${raw}</data>`
const holding = `<x xmlns="urn:example" src="cid:sha1+${sha('sha1', RAW)}@bob.xmpp.org"/>${bits}`
const photo = `<vCard xmlns="vcard-temp"><FN>A</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>${raw}</BINVAL></PHOTO></vCard>`

/** Alice has shown one image in every way that is not a file; Bob sees her, and hears of her avatar. */
async function shown() {
  const s = await story({ alice: 1, bob: 1 }, { sanitize: () => cleanImage({ bytes: CLEAN }) })
  await s.bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.alice.send('<presence type="subscribed" to="bob@im.test"/>')
  for (const device of [s.alice, s.bob]) await device.available()
  await s.alice.ask('set', photo)
  await s.alice.ask('set', publish('urn:example:album', `<album xmlns="urn:example">${holding}</album>`))
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>look</body>${holding}</message>`)
  await s.alice.send(`<presence to="${HALL}/alice"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  await s.alice.ask(
    'set',
    '<query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"/></query>',
    HALL,
  )
  await s.alice.ask('set', photo, HALL)
  await s.alice.send(`<message to="${HALL}" type="groupchat"><body>look</body>${holding}</message>`)
  const heard = await s.bob.ask('set', subscribe('urn:xmpp:avatar:metadata', 'bob@im.test'), 'alice@im.test')
  expect(heard.attrs['type']).toBe('result')
  /** What Bob gets on each path, by asking. */
  const look = async () => {
    const get = async (payload: string, to = 'alice@im.test') => {
      s.bob.received()
      const answer = await s.bob.ask('get', payload, to)
      return s.bob.received().join('') + answer.toString()
    }
    s.bob.received()
    const page = await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', 'bob@im.test')
    const archive = s.bob.received().join('') + page.toString()
    return {
      'avatar data': await get(items('urn:xmpp:avatar:data')),
      album: await get(items('urn:example:album')),
      vCard: await get('<vCard xmlns="vcard-temp"/>'),
      'Bits of Binary': await get(`<data xmlns="urn:xmpp:bob" cid="${CID}"/>`),
      archive,
      'picture of the room': await get('<vCard xmlns="vcard-temp"/>', HALL),
      metadata: await get(items('urn:xmpp:avatar:metadata')),
    }
  }
  const { operations } = s.server.policy
  const recall = (scope: object) => operations.startRecall('carol@im.test', { ...scope, reason: 'wrong picture' })
  const end = (id: string) => operations.endRecall('carol@im.test', id)
  /** Presence and metadata that tell Bob of an avatar, or of none. */
  const told = async (id: string) => {
    const photoHash = `<photo>${id}</photo>`
    await s.bob.next(
      (element) => element.is('presence') && element.toString().includes(id === '' ? '<photo/>' : photoHash),
    )
    await s.bob.next(
      (element) => element.is('message') && element.toString().includes(id === '' ? 'metadata"/>' : `<info id="${id}"`),
    )
  }
  const close = () => s[Symbol.asyncDispose]()
  return { ...s, look, recall, end, told, [Symbol.asyncDispose]: close }
}

type Seen = Awaited<ReturnType<Awaited<ReturnType<typeof shown>>['look']>>

function expectShown({ metadata, ...images }: Seen): void {
  for (const [path, text] of Object.entries(images)) expect(text, path).toContain(OURS)
  expect(metadata).toContain(`<info id="${ID}"`)
}

const GONE = { hashes: [sha('sha256', CLEAN)] }

test.each([
  ['by the hash of what is shown', GONE, []],
  ['by the hash of what was sent', { hashes: [sha('sha256', RAW)] }, []],
  ['by who sent it', { senders: ['alice'] }, ['picture of the room']],
  ['by its format', { formats: ['png'] }, []],
  ['by when it was sent', { sentUntil: new Date(Date.now() + 600_000).toISOString() }, []],
] as const)(
  'what is recalled %s is shown on no path, and is back when that ends (control §2, row 35)',
  async (_, scope, but) => {
    await using s = await shown()
    expectShown(await s.look())
    s.bob.received()
    const { recall } = await s.recall(scope)
    await s.told('')
    const seen = await s.look()
    for (const [path, text] of Object.entries(seen)) {
      if (!(but as readonly string[]).includes(path)) expect(text, path).not.toContain(OURS)
    }
    expect(seen.archive).toContain('<body>look</body>')
    expect(seen.metadata).not.toContain('<info')
    s.bob.received()
    await s.end(recall.id)
    await s.told(ID)
    expectShown(await s.look())
  },
)

test('what is recalled is not sent again meanwhile, and nobody else’s is touched', async () => {
  await using s = await shown()
  const { recall } = await s.recall(GONE)
  await s.alice.send(`<message to="bob@im.test" type="chat" id="again"><body>again</body>${holding}</message>`)
  expect(s.alice.received().join('')).toContain('This file was recalled by the administrator.')
  const info = `<metadata xmlns="urn:xmpp:avatar:metadata"><info id="${ID}" type="image/png" bytes="1"/></metadata>`
  for (const payload of [
    photo,
    publish('urn:example:album', `<album xmlns="urn:example">${holding}</album>`),
    publish('urn:xmpp:avatar:data', `<data xmlns="urn:xmpp:avatar:data">${raw}</data>`),
    publish('urn:xmpp:avatar:data', `<data xmlns="urn:xmpp:avatar:data">${OURS}</data>`),
    publish('urn:xmpp:avatar:metadata', info, ID),
  ]) {
    const set = await s.alice.ask('set', payload)
    expect(set.attrs['type'], payload).toBe('error')
    expect(set.toString(), payload).toContain('This file was recalled by the administrator.')
  }
  await s.end(recall.id)
  await s.recall({ hashes: ['ab'.repeat(32)] })
  await s.recall({ senders: ['bob'] })
  expectShown(await s.look())
})

test('what was shown in a room is recalled by the room, in its archive and nowhere else', async () => {
  await using s = await shown()
  await s.bob.send(`<presence to="${HALL}/bob"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  const history = async () => {
    s.bob.received()
    await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', HALL).catch(() => undefined)
    return s.bob.received().join('')
  }
  expect(await history()).toContain(OURS)
  await s.recall({ room: HALL })
  const after = await history()
  expect(after).not.toContain(OURS)
  expect(after).toContain('<body>look</body>')
  expect((await s.look()).archive).toContain(OURS)
})
