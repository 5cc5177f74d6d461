import type { SanitizeVerdict } from '@drawbridge/contract'
import { claimBlob, insertUpload, publishUpload, quarantineUpload, uuidv7 } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { configure, create, publish, publishOptions } from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'
import { hashOf, newLink, pathOf } from '../../blobs/link.ts'
import type { StoryOptions } from '../../../test/story.ts'

const RAW = Buffer.from('\x89PNG\r\n\x1a\nsent by somebody', 'latin1')
/** Long enough to be one where nothing says so. */
const RAW_IMAGE = Buffer.concat([RAW, Buffer.alloc(20, 7)])
const CLEAN = Buffer.from('made by our encoder')
const sha1 = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex')
const RAW_CID = `sha1+${sha1(RAW)}@bob.xmpp.org`
const CLEAN_CID = `sha1+${sha1(CLEAN)}@bob.xmpp.org`
const LINK = `http://im.test/upload/${'A'.repeat(43)}/a.png`

function sanitize(bytes: Uint8Array): SanitizeVerdict {
  const text = Buffer.from(bytes).toString('latin1')
  if (text.includes('bomb')) return { outcome: 'refused', reason: 'too-large', inputFormat: 'png' }
  if (!text.includes('PNG')) return { outcome: 'not-an-image' }
  return cleanImage({ format: 'webp', widthPx: 1, heightPx: 1, bytes: CLEAN })
}

async function people(options: StoryOptions = {}) {
  const s = await story({ alice: 1, bob: 1 }, { sanitize, ...options })
  await s.bob.available()
  s.bob.received()
  return s
}

/** What bob gets of a message, and what alice is told. */
async function sent(payload: string, options?: StoryOptions) {
  await using s = await people(options)
  await s.alice.send(`<message type="chat" to="bob@im.test" id="m">${payload}</message>`)
  await s.alice.send('<message type="chat" to="bob@im.test"><body>marker</body></message>')
  const got = s.bob.received()
  expect(got.pop()).toContain('marker')
  return { delivered: got.join(''), answer: s.alice.received().join('') }
}

/** What alice is told about a request, and what bob gets of it. */
async function asked(payload: string, type = 'set') {
  await using s = await people()
  // A request reaches only a device that shares its presence with whoever asks (RFC 6121 §8.5.3.1).
  await s.bob.send(`<presence to="${s.alice.jid}"/>`)
  s.alice.received()
  await s.alice.send(`<iq type="${type}" to="bob@im.test/1" id="i">${payload}</iq>`)
  return { delivered: s.bob.received().join(''), answer: s.alice.received().join('') }
}

const bob = (bytes: Buffer, cid = RAW_CID) =>
  `<data xmlns="urn:xmpp:bob" cid="${cid}" type="image/png" max-age="60">${bytes.toString('base64')}</data>`
const oob = (url: string) => `<x xmlns="jabber:x:oob"><url>${url}</url></x>`

test('images row 6: an image in a message is replaced by ours, under its new name, wherever it is named (XEP-0231 §2)', async () => {
  const { delivered, answer } = await sent(
    `<body>look</body><emote xmlns="urn:example:emote" src="cid:${RAW_CID}"/>${bob(RAW)}`,
  )
  expect(answer).toBe('')
  expect(delivered).not.toContain(RAW.toString('base64'))
  expect(delivered).not.toContain(RAW_CID)
  expect(delivered).toContain(`src="cid:${CLEAN_CID}"`)
  expect(delivered).toContain(`cid="${CLEAN_CID}" type="image/webp" max-age="60">${CLEAN.toString('base64')}</data>`)
})

test('images row 6: data that nothing refers to goes', async () => {
  const { delivered } = await sent(`<body>look</body>${bob(RAW)}`)
  expect(delivered).toContain('<body>look</body>')
  expect(delivered).not.toContain('urn:xmpp:bob')
})

test.each([
  ['too-large', Buffer.from('PNG bomb')],
  ['unsupported', Buffer.from('MZ')],
  ['too-large', Buffer.alloc(65_537, 1)],
])('images row 6: an image that cannot be cleaned is refused as %s (images §2)', async (reason, bytes) => {
  const { delivered, answer } = await sent(`<x xmlns="urn:example" src="cid:${RAW_CID}"/>${bob(bytes)}`)
  expect(delivered).toBe('')
  expect(answer).toContain('<error type="modify"><not-acceptable ')
  expect(answer).toContain(`<image-rejected xmlns="urn:drawbridge:image:1" reason="${reason}"/>`)
})

test('images row 6: a message waits for the sanitizer, and is refused when that cannot answer', async () => {
  const { delivered, answer } = await sent(`<x xmlns="urn:example" src="cid:${RAW_CID}"/>${bob(RAW)}`, {
    sanitize: () => Promise.reject(new Error('not running')),
  })
  expect(delivered).toBe('')
  expect(answer).toContain('<error type="wait"><resource-constraint ')
})

test('images row 6: an image inside a forwarded message is no exception', async () => {
  const inner = `<message xmlns="jabber:client"><body>x</body><y xmlns="urn:example" src="cid:${RAW_CID}"/>${bob(RAW)}</message>`
  const { delivered } = await sent(`<body>fwd</body><forwarded xmlns="urn:xmpp:forward:0">${inner}</forwarded>`)
  expect(delivered).toContain(CLEAN_CID)
  expect(delivered).not.toContain(RAW.toString('base64'))
})

test('images row 7: data is never fetched from another client (XEP-0231 §3)', async () => {
  const { delivered, answer } = await asked(`<data xmlns="urn:xmpp:bob" cid="${RAW_CID}"/>`, 'get')
  expect(delivered).toBe('')
  expect(answer).toContain('<item-not-found ')
})

test('images row 7: data is answered from the clean store, to whom it was sent and by any of its names (XEP-0231 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 }, { sanitize })
  await s.bob.available()
  await s.alice.send(
    `<message type="chat" to="bob@im.test"><body>x</body><e xmlns="urn:example" src="cid:${RAW_CID}"/>${bob(RAW)}</message>`,
  )
  s.bob.received()
  const ask = async (who: 'bob' | 'carol', cid: string) =>
    (await s[who].ask('get', `<data xmlns="urn:xmpp:bob" cid="${cid}"/>`, s.alice.jid)).toString()
  const sha256 = (bytes: Buffer) => `sha-256+${createHash('sha256').update(bytes).digest('hex')}@bob.xmpp.org`
  for (const cid of [CLEAN_CID, RAW_CID, sha256(RAW), sha256(CLEAN)]) {
    expect(await ask('bob', cid)).toContain(`cid="${CLEAN_CID}" type="image/webp">${CLEAN.toString('base64')}</data>`)
    // A hash gives no access.
    expect(await ask('carol', cid)).toContain('<item-not-found ')
  }
  expect(s.alice.received().join('')).not.toContain('urn:xmpp:bob')
})

test('images row 8: XHTML is stripped and the text stays (XEP-0071)', async () => {
  const { delivered } = await sent(
    '<body>plain</body><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">' +
      `<img src="data:image/png;base64,${RAW.toString('base64')}"/></body></html>`,
  )
  expect(delivered).toContain('<body>plain</body>')
  expect(delivered).not.toMatch(/xhtml|data:image/)
})

test('images row 9: an image written into a text is replaced by a notice', async () => {
  const uri = `data:image/png;base64,${RAW.toString('base64')}`
  const { delivered } = await sent(
    `<subject>${uri}</subject><body>a ${uri} b</body><x xmlns="urn:example" u="${uri}"/>`,
  )
  expect(delivered).toContain('<subject>[image removed]</subject><body>a [image removed] b</body>')
  expect(delivered).toContain('u="[image removed]"')
})

test('images rows 9 and 36: presence is no way around', async () => {
  await using s = await people()
  await s.alice.send(
    `<presence to="bob@im.test/1"><status>data:image/png;base64,${RAW.toString('base64')}</status></presence>`,
  )
  expect(s.bob.received().join('')).not.toContain('data:image')
})

test('images row 3: what makes a client load a picture from elsewhere goes, our uploads and plain links stay (XEP-0066 §3)', async () => {
  const theirs = await sent(`<body>https://evil.test/a.png</body>${oob('https://evil.test/a.png')}`)
  expect(theirs.delivered).toContain('<body>https://evil.test/a.png</body>')
  expect(theirs.delivered).not.toContain('jabber:x:oob')
  // On its way out it becomes the receiver's own.
  expect((await sent(`<body>${LINK}</body>${oob(LINK)}`)).delivered).toContain(`<x xmlns="jabber:x:oob"><url>${LINK}`)
})

test('images rows 3 to 5: references, shared files and thumbnails keep only what is ours', async () => {
  const sims = (uri: string) =>
    '<reference xmlns="urn:xmpp:reference:0" type="data"><media-sharing xmlns="urn:xmpp:sims:1">' +
    '<file xmlns="urn:xmpp:file:metadata:0"><name>sims.png</name><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">x=</hash>' +
    '<thumbnail xmlns="urn:xmpp:thumbs:1" uri="https://evil.test/t.png"/></file>' +
    `<sources><reference xmlns="urn:xmpp:reference:0" type="data" uri="${uri}"/></sources></media-sharing></reference>`
  const sfs = (url: string) =>
    '<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><name>sfs.png</name></file>' +
    `<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/></sources></file-sharing>`
  const mention = '<reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:bob@im.test"/>'

  const theirs = await sent(`<body>x</body>${mention}${sims('https://evil.test/a')}${sfs('https://evil.test/b')}`)
  expect(theirs.delivered).toContain(mention)
  expect(theirs.delivered).not.toMatch(/evil|sims|sfs/)
  // A link to nothing of ours is no source.
  expect((await sent(`<body>x</body>${sims(LINK)}${sfs(LINK)}`)).delivered).not.toMatch(/sims|sfs/)
})

test('images row 4: everything that is said of a shared file is what our file is (XEP-0385 §2, XEP-0446 §3, XEP-0447 §3.1, XEP-0264 §3)', async () => {
  await using s = await people()
  const link = await cleanUpload(s)
  const file = (xmlns: string) =>
    `<file xmlns="${xmlns}"><media-type>image/gif</media-type><name>evil.exe</name><size>1</size><width>9</width>` +
    `<height>9</height><desc>A cat</desc><hash xmlns="urn:xmpp:hashes:2" algo="sha-1">AAAA</hash>` +
    '<thumbnail xmlns="urn:xmpp:thumbs:1" uri="https://evil.test/t.png"/></file>'
  const rewritten = (xmlns: string) =>
    `<file xmlns="${xmlns}"><media-type>image/webp</media-type><name>a.png</name><size>${CLEAN.length}</size>` +
    '<width>3</width><height>4</height><desc>A cat</desc><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">' +
    `${createHash('sha256').update(CLEAN).digest('base64')}</hash></file>`
  const urlData = (url: string) => `<url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/>`
  const [METADATA, TRANSFER] = ['urn:xmpp:file:metadata:0', 'urn:xmpp:jingle:apps:file-transfer:5'] as const
  await s.alice.send(
    `<message type="chat" to="bob@im.test"><body>x</body><file-sharing xmlns="urn:xmpp:sfs:0">${file(METADATA)}` +
      `<sources>${urlData('https://evil.test/a')}${urlData(link)}${urlData('https://evil.test/b')}</sources></file-sharing>` +
      '<reference xmlns="urn:xmpp:reference:0" type="data" begin="0" end="1"><media-sharing xmlns="urn:xmpp:sims:1">' +
      `${file(TRANSFER)}<sources><reference xmlns="urn:xmpp:reference:0" type="data" uri="${link}"/></sources>` +
      '</media-sharing></reference></message>',
  )
  const got = s.bob.received().join('')
  expect(got).toContain(rewritten(METADATA))
  expect(got).toContain(rewritten(TRANSFER))
  expect(got.match(/<url-data/g)).toHaveLength(1)
  expect(got).not.toMatch(/evil|thumbnail|AAAA/)
})

/** A link to a clean file of alice's. */
async function cleanUpload(s: Awaited<ReturnType<typeof people>>): Promise<string> {
  const { db, accounts } = s.server.ctx
  const link = newLink(uuidv7())
  const row = { filename: 'a.png', declaredBytes: 5, declaredType: 'image/png', tokenHash: hashOf(link.secret) }
  await insertUpload(db, { ...row, id: link.id, accountId: accounts.find('alice')!.id, createdAt: new Date() })
  await quarantineUpload(db, link.id)
  const cleanSha256 = createHash('sha256').update(CLEAN).digest()
  const clean = { cleanSha256, cleanBytes: CLEAN.length, cleanType: 'image/webp', widthPx: 3, heightPx: 4 }
  await claimBlob(db, cleanSha256)
  expect(await publishUpload(db, link.id, clean)).toBe(true)
  return `http://im.test${pathOf(link, 'a.png')}`
}

test.each([
  ['0047', '<open xmlns="http://jabber.org/protocol/ibb" sid="s" block-size="4096"/>'],
  ['0065', '<query xmlns="http://jabber.org/protocol/bytestreams" sid="s"/>'],
  ['0096', '<si xmlns="http://jabber.org/protocol/si" profile="http://jabber.org/protocol/si/profile/file-transfer"/>'],
  ['0066', '<query xmlns="jabber:iq:oob"><url>https://evil.test/a.png</url></query>'],
  [
    '0234',
    '<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s"><content creator="initiator" name="f">' +
      '<description xmlns="urn:xmpp:jingle:apps:file-transfer:5"/></content></jingle>',
  ],
  [
    '0260',
    '<jingle xmlns="urn:xmpp:jingle:1" action="transport-replace" sid="s"><content creator="initiator" name="f">' +
      '<transport xmlns="urn:xmpp:jingle:transports:s5b:1"/></content></jingle>',
  ],
  ['0332', '<req xmlns="urn:xmpp:http" method="GET" resource="/"/>'],
])('images rows 22, 23, 35: XEP-%s hands no file from client to client', async (_xep, payload) => {
  const { delivered, answer } = await asked(payload)
  expect(delivered).toBe('')
  expect(answer).toContain('<not-allowed ')
  expect(answer).toContain('upload')
})

test('images row 35: nor does a message (XEP-0047 §4, XEP-0491)', async () => {
  for (const payload of [
    '<data xmlns="http://jabber.org/protocol/ibb" sid="s" seq="0">AAAA</data>',
    '<x xmlns="urn:xmpp:webxdc:0"/>',
    '<propose xmlns="urn:xmpp:jingle-message:0" id="p"><description xmlns="urn:xmpp:jingle:apps:file-transfer:5"/></propose>',
  ]) {
    const { delivered, answer } = await sent(`<body>x</body>${payload}`)
    expect(delivered).toBe('')
    expect(answer).toContain('<not-allowed ')
  }
})

test('images row 23: a call is no file', async () => {
  const { delivered, answer } = await asked(
    '<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s"><content creator="initiator" name="v">' +
      '<description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video"/>' +
      '<transport xmlns="urn:xmpp:jingle:transports:ice-udp:1"><fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0"/></transport>' +
      '</content></jingle>',
  )
  expect(answer).toBe('')
  expect(delivered).toContain('media="video"')
})

test.each([
  ['OMEMO', '<encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"/><payload>AAAA</payload></encrypted>'],
  ['OMEMO 2', '<encrypted xmlns="urn:xmpp:omemo:2"><header sid="1"/><payload>AAAA</payload></encrypted>'],
  ['OpenPGP', '<openpgp xmlns="urn:xmpp:openpgp:0">AAAA</openpgp>'],
  ['old OpenPGP', '<x xmlns="jabber:x:encrypted">AAAA</x>'],
  ['EME', '<encryption xmlns="urn:xmpp:eme:0" namespace="urn:example"/>'],
])('images rows 24 and 25: %s is refused, since nobody can look into it', async (_name, payload) => {
  const { delivered, answer } = await sent(`<body>encrypted</body>${payload}`)
  expect(delivered).toBe('')
  expect(answer).toContain('<policy-violation ')
})

test('images rows 24 and 25: so is OTR', async () => {
  expect((await sent('<body>?OTR:AAMDJ+MVmSfjFZcAAAAAAQAAAAIAAADA1g5IjD1ZGLDVQEyCgCyn9hb=.</body>')).answer).toContain(
    '<policy-violation ',
  )
  expect((await sent('<body>?OTR is not a greeting</body>')).answer).toBe('')
})

test('rule 3: an unknown element with a kilobyte of base64 or hex is refused by name', async () => {
  for (const text of [Buffer.alloc(800, 7).toString('base64'), Buffer.alloc(600, 7).toString('hex')]) {
    const { delivered, answer } = await sent(`<body>x</body><blob xmlns="urn:example:blob">${text}</blob>`)
    expect(delivered).toBe('')
    expect(answer).toContain('<policy-violation ')
    expect(answer).toContain('&lt;blob/&gt;')
  }
  const short = Buffer.alloc(300, 7).toString('base64')
  expect((await sent(`<body>x</body><blob xmlns="urn:example:blob">${short}</blob>`)).delivered).toContain(short)
})

test('what was stripped is stripped in the archive, too (images §1, rule 4)', async () => {
  await using s = await people()
  await s.alice.send(`<message type="chat" to="bob@im.test"><body>x</body>${oob('https://evil.test/a.png')}</message>`)
  await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  const result = s.bob.received().find((text) => text.includes('<result'))
  expect(result).toContain('<body>x</body>')
  expect(result).not.toContain('jabber:x:oob')
})

const NAMES = [RAW_IMAGE.toString('base64'), `data:image/png,${RAW_IMAGE.toString('hex').replace(/../g, '%$&')}`]

test.each(NAMES)(
  'images rows 21 and 36: an item, a node and what is said of it have no name that is an image: %s',
  async (text) => {
    await using s = await people()
    await s.alice.ask('set', publish('urn:example', '<x xmlns="urn:example"/>'))
    for (const request of [
      publish('urn:example', '<x xmlns="urn:example"/>', text),
      publish(text, '<x xmlns="urn:example"/>'),
      create(text),
      configure('urn:example', { title: text }),
      configure('urn:example', { description: text }),
      publish('urn:example', '<x xmlns="urn:example"/>', '1', publishOptions({ title: text })),
    ]) {
      expect((await s.alice.ask('set', request)).toString()).toContain('<image-rejected ')
    }
    // What is in it is judged as before.
    expect((await s.alice.ask('set', publish('urn:example', `<x xmlns="urn:example">${text}</x>`))).attrs['type']).toBe(
      text.startsWith('data:') ? 'result' : 'error',
    )
  },
)

test.each(NAMES)('images row 9: an address is no image: %s', async (text) => {
  await using s = await people()
  // A resource, where the client is told to find another one (RFC 6120 §7.7.2.1).
  await expect(s.connect('mallory', text)).rejects.toThrow('<bad-request ')
  // A nick in a room, and whatever else stands behind the slash.
  await s.alice.send(`<presence to="room@rooms.im.test/${text}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  expect(s.alice.received().join('')).toContain('<policy-violation ')
  expect(
    (await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#items"/>', 'rooms.im.test')).toString(),
  ).not.toContain('room@')
})
