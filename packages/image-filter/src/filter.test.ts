import { C2S_LIMITS, parseElement, StanzaFault } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EDGES } from './around.ts'
import type { Around, Edge, Lookups } from './around.ts'
import { filterImages } from './filter.ts'

const OWN = 'https://im.test/upload/own/a.png'
const EVIL = 'https://evil.test/a.png'
const PNG = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on, as somebody sent it', 'latin1')
const CLEAN = Buffer.from('\x89PNG\r\n\x1a\nmade by our encoder, every byte', 'latin1')
const RAW = PNG.toString('base64')

const lookups: Lookups = {
  isOwnLink: (url) => url === OWN,
  findFile: (url) =>
    Promise.resolve(
      url === OWN
        ? { name: 'a.png', type: 'image/webp', bytes: 9, sha256: new Uint8Array(32), widthPx: 3, heightPx: 4 }
        : undefined,
    ),
  clean: () => Promise.resolve({ bytes: CLEAN, type: 'image/png', widthPx: 1, heightPx: 1 }),
  findAvatar: (sha1) =>
    Promise.resolve(
      /^[ac]{40}$/.test(sha1)
        ? { id: 'c'.repeat(40), type: 'image/png', bytes: 1, widthPx: 2, heightPx: 2 }
        : undefined,
    ),
  findPack: (id) => Promise.resolve(id === 'raw' || id === 'known' ? 'known' : undefined),
  // Good enough for names; that it is SHA-1 is not what these tests are about.
  digest: (_name, bytes) => new Uint8Array(20).fill(bytes.length),
}

const around = (edge: Edge, more: Partial<Around> = {}): Around => ({
  edge,
  isStrict: true,
  encryption: 'refuse',
  keepsLinks: false,
  lookups,
  ...more,
})
const stanza = (content: string, kind = 'message') =>
  parseElement(`<${kind} xmlns="jabber:client">${content}</${kind}>`, C2S_LIMITS)

/** What the filter leaves of this content, or the condition of the error. */
async function left(
  content: string,
  { edge = 'remote', kind = 'message', ...more }: Partial<Around> & { kind?: string } = {},
) {
  const root = stanza(content, kind)
  try {
    await filterImages(root, around(edge, more))
  } catch (error) {
    if (error instanceof StanzaFault) return error.condition
    throw error
  }
  return root.toString().replace(/^<\w+ xmlns="jabber:client"(?:\/>$|>)|<\/\w+>$/g, '')
}

const media = (uri: string) =>
  `<x xmlns="jabber:x:data"><field var="f"><media xmlns="urn:xmpp:media-element"><uri type="image/png">${uri}</uri></media></field></x>`

test.each([
  [
    'images row 19: what a sender says of a link',
    `<Description xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><image xmlns="https://ogp.me/ns#">${EVIL}</image></Description>`,
    '',
  ],
  ['images row 20: media of forms from elsewhere', media(EVIL), '<x xmlns="jabber:x:data"><field var="f"/></x>'],
  ['images row 20: media of forms that are ours', media(OWN), media(OWN)],
  ['images row 20: CAPTCHAs of others', '<captcha xmlns="urn:xmpp:captcha"/>', ''],
  [
    'images row 21: enclosures and markup of a microblog',
    `<entry xmlns="http://www.w3.org/2005/Atom"><link rel="enclosure" href="${EVIL}"/><title type="xhtml">x</title><title>y</title></entry>`,
    '<entry xmlns="http://www.w3.org/2005/Atom"><title>y</title></entry>',
  ],
  [
    'images row 38: a picture in a subject or a description',
    `<subject>data:image/png;base64,${RAW}</subject>`,
    '<subject>[image removed]</subject>',
  ],
  ['images row 18: a sticker of an unknown pack', '<sticker xmlns="urn:xmpp:stickers:0" pack="x"/>', ''],
  [
    'images row 18: a sticker of a pack of the sender',
    '<sticker xmlns="urn:xmpp:stickers:0" pack="raw"/>',
    '<sticker xmlns="urn:xmpp:stickers:0" pack="known"/>',
  ],
  [
    'images row 11: an avatar elsewhere',
    `<metadata xmlns="urn:xmpp:avatar:metadata"><info id="${'b'.repeat(40)}" url="${EVIL}"/></metadata>`,
    '',
  ],
  [
    'images row 10: an avatar that was cleaned',
    `<metadata xmlns="urn:xmpp:avatar:metadata"><info id="${'a'.repeat(40)}" url="${EVIL}"/></metadata>`,
    `<metadata xmlns="urn:xmpp:avatar:metadata"><info id="${'c'.repeat(40)}" type="image/png" bytes="1" width="2" height="2"/></metadata>`,
  ],
  [
    'images row 26: the photo that a remote presence names',
    `<x xmlns="vcard-temp:x:update"><photo>${'a'.repeat(40)}</photo></x>`,
    `<x xmlns="vcard-temp:x:update"><photo>${'c'.repeat(40)}</photo></x>`,
  ],
  [
    'images row 14: a photo that nobody has cleaned',
    `<x xmlns="vcard-temp:x:update"><photo>${'b'.repeat(40)}</photo></x>`,
    '<x xmlns="vcard-temp:x:update"/>',
  ],
  [
    'images row 26: an unknown element with a kilobyte of digits',
    `<x xmlns="urn:example">${'QUJD'.repeat(300)}</x>`,
    'policy-violation',
  ],
])('%s', async (_name, content, expected) => {
  expect(await left(content)).toBe(expected)
})

test('rule 3: who is not strict lets clients of his own say what the server does not know; nobody else may', async () => {
  const unknown = `<x xmlns="urn:example">${'QUJD'.repeat(300)}</x>`
  expect(await left(unknown, { edge: 'client', isStrict: false })).toBe(unknown)
  expect(await left(unknown, { edge: 'client' })).toBe('policy-violation')
  for (const edge of ['component', 'remote'] as const)
    expect(await left(unknown, { edge, isStrict: false })).toBe('policy-violation')
  // What begins like an image is one, however short.
  expect(await left(`<x xmlns="urn:example">${RAW}</x>`, { edge: 'client', isStrict: false })).toBe('policy-violation')
})

const urlData = (url: string) => `<url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/>`
const fileOf = (xmlns: string) =>
  `<file xmlns="${xmlns}"><media-type>image/webp</media-type><name>a.png</name><size>9</size><width>3</width><height>4</height><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">${'A'.repeat(43)}=</hash></file>`
const METADATA = 'urn:xmpp:file:metadata:0'
const atom = (content: string) => `<entry xmlns="http://www.w3.org/2005/Atom">${content}</entry>`

test.each([
  [
    'images row 3: a second address of out-of-band data, or one of another namespace',
    `<x xmlns="jabber:x:oob" a="1">t<url>${OWN}</url><url>${EVIL}</url><url xmlns="urn:z">${EVIL}</url><desc>d<b/></desc></x>`,
    `<x xmlns="jabber:x:oob"><url>${OWN}</url><desc>d</desc></x>`,
  ],
  [
    'images row 3: an address of ours in another namespace, which no client reads',
    `<x xmlns="jabber:x:oob"><url xmlns="urn:z">${OWN}</url><url>${EVIL}</url></x>`,
    '',
  ],
  ['images row 3: an address of out-of-band data by itself', `<url xmlns="jabber:x:oob">${EVIL}</url>`, ''],
  [
    'images row 3: what a link or a reference holds beside',
    `<url-data xmlns="http://jabber.org/protocol/url-data" target="${OWN}" b="1"><x uri="${EVIL}"/></url-data>` +
      `<reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:bob@im.test" src="${EVIL}"><img xmlns="urn:z" src="${EVIL}"/></reference>`,
    `${urlData(OWN)}<reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:bob@im.test"/>`,
  ],
  [
    'images row 4: a second file, a second list of sources, and sources that nobody knows',
    `<file-sharing xmlns="urn:xmpp:sfs:0" id="1"><file xmlns="${METADATA}"><name>x</name></file><file xmlns="${METADATA}"><media-type>image/svg+xml</media-type></file>` +
      `<sources><foo xmlns="urn:foo" uri="${OWN}"/>${urlData(OWN)}</sources><sources>${urlData(EVIL)}<foo xmlns="urn:foo" uri="${EVIL}"/></sources><z xmlns="urn:z"/></file-sharing>`,
    `<file-sharing xmlns="urn:xmpp:sfs:0" id="1">${fileOf(METADATA)}<sources>${urlData(OWN)}</sources></file-sharing>`,
  ],
  [
    'images row 4: the same by XEP-0385',
    `<reference xmlns="urn:xmpp:reference:0" type="data"><y xmlns="urn:z" src="${EVIL}"/><media-sharing xmlns="urn:xmpp:sims:1"><file xmlns="urn:z" src="${EVIL}"/><sources><reference xmlns="urn:xmpp:reference:0" type="data" uri="${OWN}"><x uri="${EVIL}"/></reference></sources><sources><reference xmlns="urn:xmpp:reference:0" uri="${EVIL}"/></sources></media-sharing></reference>`,
    `<reference xmlns="urn:xmpp:reference:0" type="data"><media-sharing xmlns="urn:xmpp:sims:1">${fileOf('urn:xmpp:jingle:apps:file-transfer:5')}<sources><reference xmlns="urn:xmpp:reference:0" type="data" uri="${OWN}"/></sources></media-sharing></reference>`,
  ],
  [
    'images row 4: metadata under something that is only called so',
    `<file-sharing xmlns="urn:bogus"><file xmlns="${METADATA}"><name>evil</name></file></file-sharing>`,
    '<file-sharing xmlns="urn:bogus"/>',
  ],
  ['images row 5: a thumbnail of another name', `<Thumbnail xmlns="urn:xmpp:thumbs:1" uri="${EVIL}"/>`, ''],
  ['images row 10: metadata that is not in its place', `<info xmlns="urn:xmpp:avatar:metadata" url="${EVIL}"/>`, ''],
  [
    'images row 14: a second hash',
    `<x xmlns="vcard-temp:x:update"><photo>${'a'.repeat(40)}</photo><photo>${'b'.repeat(40)}</photo></x>`,
    `<x xmlns="vcard-temp:x:update"><photo>${'c'.repeat(40)}</photo></x>`,
  ],
  [
    'images row 14: no photo',
    '<x xmlns="vcard-temp:x:update"><photo/></x>',
    '<x xmlns="vcard-temp:x:update"><photo/></x>',
  ],
  [
    'images row 18: what a pack holds beside stickers',
    `<pack xmlns="urn:xmpp:stickers:0" icon="${EVIL}"><name>n</name><icon xmlns="urn:z">${EVIL}</icon></pack>`,
    '<pack xmlns="urn:xmpp:stickers:0"><name>n</name>' +
      `<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">${Buffer.alloc(20, 11).toString('base64')}</hash></pack>`,
  ],
  [
    'images row 20: a second address of media, and one of another namespace',
    media(`${OWN}</uri><uri xmlns="urn:z">${EVIL}</uri><uri src="${EVIL}">${OWN}`).replace(
      '</media>',
      `<img src="${EVIL}"/></media>`,
    ),
    media(`${OWN}</uri><uri>${OWN}`),
  ],
  [
    'images row 21: an enclosure by another spelling of its relation',
    atom(
      `<link rel="Enclosure" href="${EVIL}"/><link rel="http://www.iana.org/assignments/relation/enclosure" href="${EVIL}"/>` +
        `<link rel="alternate" type="image/png" href="${EVIL}"/><link rel="icon" href="${EVIL}"/><link rel="via" href="${EVIL}"/>`,
    ),
    atom(`<link rel="via" href="${EVIL}"/>`),
  ],
  [
    'images row 21: content that is no text',
    atom('<content type="image/png">QUFB</content><summary type="text">y<b xmlns="urn:z"/></summary>'),
    atom('<summary type="text">y</summary>'),
  ],
  [
    'images rows 21 and 36: SVG as elements',
    `<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><image href="${EVIL}"/></svg>`,
    '',
  ],
  [
    'images rows 21 and 36: vocabularies of pages and feeds',
    `<math xmlns="http://www.w3.org/1998/Math/MathML"/><meta xmlns="https://ogp.me/ns#" property="og:image" content="${EVIL}"/>` +
      `<image xmlns="http://ogp.me/ns#">${EVIL}</image><thumbnail xmlns="http://search.yahoo.com/mrss/" url="${EVIL}"/>` +
      `<shape xmlns="urn:schemas-microsoft-com:vml" src="${EVIL}"/><image xmlns="http://schema.org/" url="${EVIL}"/>`,
    '',
  ],
  ['images row 24: a version of OMEMO that is to come', '<encrypted xmlns="urn:xmpp:omemo:3"/>', 'policy-violation'],
  ['images row 24: MLS', `<encrypted xmlns="urn:xmpp:mls:0">${'Q'.repeat(900)}</encrypted>`, 'policy-violation'],
  ['images row 25: an encrypted file in a subject', '<subject>aesgcm://im.test/a.png#00</subject>', 'policy-violation'],
  ['images row 25: a version of XEP-0448 that is to come', '<encrypted xmlns="urn:xmpp:esfs:9"/>', 'policy-violation'],
])('%s', async (_name, content, expected) => {
  expect(await left(content)).toBe(expected)
})

test('images row 3: what is said of a link that stays is looked at like any text', async () => {
  expect(await left(`<x xmlns="jabber:x:oob"><url>${OWN}</url><desc>data:image/png;base64,${RAW}</desc></x>`)).toBe(
    `<x xmlns="jabber:x:oob"><url>${OWN}</url><desc>[image removed]</desc></x>`,
  )
})

test('images row 24: text may be encrypted where the policy says so, and nothing longer than a text', async () => {
  const encrypted = (length: number) =>
    `<encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"><key rid="2">${'K'.repeat(9_000)}</key></header><payload>${'A'.repeat(length)}</payload></encrypted>`
  expect(await left(encrypted(100), { edge: 'client' })).toBe('policy-violation')
  expect(await left(encrypted(10_900), { edge: 'client', encryption: 'text-only' })).toBe(encrypted(10_900))
  expect(await left(encrypted(10_930), { edge: 'client', encryption: 'text-only' })).toBe('policy-violation')
})

test('images row 24: where clients clean for themselves, they are believed, and nothing is promised', async () => {
  const long = `<encrypted xmlns="urn:xmpp:omemo:2"><payload>${'A'.repeat(20_000)}</payload></encrypted>`
  expect(await left(long, { encryption: 'allow' })).toBe(long)
  expect(await left('<encrypted xmlns="urn:xmpp:esfs:0"/>', { encryption: 'allow' })).toBe(
    '<encrypted xmlns="urn:xmpp:esfs:0"/>',
  )
  // What can be read is read all the same.
  expect(await left(`<blob xmlns="urn:example">${RAW}</blob>`, { encryption: 'allow' })).toBe('policy-violation')
})

test('images row 25: encrypted media are refused unless clients are believed (XEP-0448, XEP-0454)', async () => {
  for (const encryption of ['refuse', 'text-only'] as const) {
    expect(await left('<encrypted xmlns="urn:xmpp:esfs:0"/>', { encryption })).toBe('policy-violation')
    expect(await left(`<body>aesgcm://im.test/upload/x.jpg#${'ab'.repeat(44)}</body>`, { encryption })).toBe(
      'policy-violation',
    )
  }
})

test('images row 28: where nobody can be told, what cannot be cleaned goes, and the message says so', async () => {
  expect(await left('<encrypted xmlns="urn:xmpp:omemo:2"/>', { edge: 'stored' })).toBe('<body>[image removed]</body>')
  expect(await left(`<body>x</body><blob xmlns="urn:example">${RAW}</blob>`, { edge: 'stored' })).toBe('<body>x</body>')
})

test('images row 28: a stored stanza whose id or address is an image keeps what it cannot be without', async () => {
  const root = stanza('<body>x</body>')
  Object.assign(root.attrs, { from: `eve@im.test/${RAW}`, to: 'bob@im.test/1', id: RAW, type: 'chat' })
  await filterImages(root, around('stored'))
  expect(root.toString()).toBe(
    '<message xmlns="jabber:client" from="eve@im.test" to="bob@im.test/1" type="chat"><body>x</body></message>',
  )
})

test('images row 12: an answer stays, without what is refused in it, as whoever asked waits for it (RFC 6120 §8.2.3)', async () => {
  const unable: Lookups = {
    ...lookups,
    clean: () => Promise.reject(new StanzaFault({ condition: 'not-acceptable' })),
  }
  const answer = async (content: string, edge: Edge) => {
    const root = stanza(content, 'iq')
    Object.assign(root.attrs, { type: 'result', to: 'bob@im.test/1' })
    await filterImages(root, around(edge, { lookups: unable }))
    return root.getChildElements().join('')
  }
  const card = (fields: string) => `<vCard xmlns="vcard-temp"><FN>A</FN>${fields}</vCard>`
  for (const edge of ['client', 'component', 'remote'] as const) {
    expect(await answer(card(`<PHOTO><TYPE>image/svg+xml</TYPE><BINVAL>${RAW}</BINVAL></PHOTO>`), edge)).toBe(card(''))
    expect(await answer(card(`<X-A>${'Q'.repeat(2_000)}</X-A>`), edge)).toBe(card(''))
    const info = (name: string) =>
      `<query xmlns="http://jabber.org/protocol/disco#info"><identity name="${name}"/></query>`
    expect(await answer(info('phone'), edge)).toBe(info('phone'))
    expect(await answer(info(RAW), edge)).not.toContain(RAW)
    expect(await answer(`<x xmlns="urn:example">${'Q'.repeat(3_000)}</x>`, edge)).toBe('')
    expect(await answer('<encrypted xmlns="urn:xmpp:omemo:2"/>', edge)).toBe('')
  }
})

test('images row 13: a key is stripped, however long it is', async () => {
  const card = (fields: string) => `<vCard xmlns="vcard-temp"><FN>A</FN>${fields}</vCard>`
  const key = `<KEY><CRED>${'Q'.repeat(2_000)}</CRED></KEY>`
  expect(await left(card(key), { kind: 'iq', edge: 'client' })).toBe(card(''))
})

test('images rows 4 and 5: a shared image brings its thumbnails, a placeholder, and what was done to it (XEP-0264 §3, XEP-0446 §3)', async () => {
  const sharing = (file: string) =>
    `<file-sharing xmlns="urn:xmpp:sfs:0">${file}<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${OWN}"/></sources></file-sharing>`
  const forged =
    '<file xmlns="urn:xmpp:file:metadata:0"><thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/thumbhash;base64,AAAA"/>' +
    '<re-encoded xmlns="urn:drawbridge:image:1" from="1"/></file>'
  const file = (await lookups.findFile(OWN))!
  const thumbnail = { url: `${OWN}?128`, type: 'image/jpeg', widthPx: 128, heightPx: 96 }
  const shared = {
    ...file,
    thumbnails: [thumbnail],
    placeholder: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
    reEncoding: { fromBytes: 99, removed: ['exif', 'comment'], isAnimationDropped: true, frames: 1 },
  }
  const got = await left(sharing(forged), { lookups: { ...lookups, findFile: () => Promise.resolve(shared) } })
  expect(got).toContain(
    `<thumbnail xmlns="urn:xmpp:thumbs:1" uri="${OWN}?128" media-type="image/jpeg" width="128" height="96"/>` +
      '<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/thumbhash;base64,1QcSHQRnh493V4dIh4eXh1h4kJUI" media-type="image/thumbhash" width="3" height="4"/>' +
      '<re-encoded xmlns="urn:drawbridge:image:1" from="99" removed="exif comment" animation="dropped"/></file>',
  )
  expect(got.match(/<thumbnail/g)).toHaveLength(2)
})

const SNIPPETS = [
  '<body>hello</body>',
  `<body>see data:image/png;base64,${RAW} there</body>`,
  `<subject>${RAW}</subject>`,
  `<x xmlns="jabber:x:oob"><url>${OWN}</url></x>`,
  `<x xmlns="jabber:x:oob"><url>${EVIL}</url></x>`,
  `<x xmlns="jabber:x:oob"><url>${OWN}</url><url>${EVIL}</url><desc>${RAW}</desc></x>`,
  `<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><name>evil</name><desc>d</desc></file><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${OWN}"/></sources></file-sharing>`,
  '<sticker xmlns="urn:xmpp:stickers:0" pack="raw"/>',
  `<y xmlns="urn:example:e" src="cid:sha1+1@bob.xmpp.org"/><data xmlns="urn:xmpp:bob" cid="sha1+1@bob.xmpp.org">${RAW}</data>`,
  `<blob xmlns="urn:example:b">${RAW}</blob>`,
  media(OWN),
  `<pack xmlns="urn:xmpp:stickers:0"><name>n</name><item><file xmlns="urn:xmpp:file:metadata:0"><desc>:)</desc></file><sources xmlns="urn:xmpp:sfs:0"><url-data xmlns="http://jabber.org/protocol/url-data" target="${OWN}"/></sources></item></pack>`,
  '<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">x</body></html>',
  '<encrypted xmlns="urn:xmpp:omemo:2"/>',
] as const

test('filtering twice changes nothing, on any edge (images §1, rule 4)', async () => {
  const wrap = (inner: string, isForwarded: boolean) =>
    isForwarded
      ? `<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client">${inner}</message></forwarded>`
      : inner
  const part = fc
    .tuple(fc.constantFrom(...SNIPPETS), fc.boolean())
    .map(([inner, isForwarded]) => wrap(inner, isForwarded))
  const again = async (root: Element, edge: Edge) => filterImages(root, around(edge))
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), fc.constantFrom(...EDGES), async (parts, edge) => {
      const root = stanza(parts.join(''))
      try {
        await again(root, edge)
      } catch (error) {
        expect(error).toBeInstanceOf(StanzaFault)
        return
      }
      const once = root.toString()
      await again(root, edge)
      expect(root.toString()).toBe(once)
    }),
    { numRuns: 300, seed: 4 },
  )
})

/** Lookups of a sender for whom images are fetched: one of two links leads to one. */
const fetching: Lookups = {
  ...lookups,
  reHost: (url) => Promise.resolve(url === EVIL ? OWN : undefined),
  fetch: (url) => Promise.resolve(url === EVIL ? PNG : undefined),
}
const GONE = 'https://gone.test/b.png'
const oob = (url: string) => `<x xmlns="jabber:x:oob"><url>${url}</url></x>`

test.each([
  ['XEP-0066', oob(EVIL), oob(OWN)],
  ['XEP-0103', `<url-data xmlns="http://jabber.org/protocol/url-data" target="${EVIL}"/>`, OWN],
  ['XEP-0372', `<reference xmlns="urn:xmpp:reference:0" type="data" uri="${EVIL}"/>`, OWN],
  ['XEP-0221', media(EVIL), media(OWN)],
  [
    'XEP-0447',
    `<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">xx</hash></file><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${EVIL}"/></sources></file-sharing>`,
    `<name>a.png</name><size>9</size>`,
  ],
  [
    'XEP-0385',
    `<reference xmlns="urn:xmpp:reference:0" type="data"><media-sharing xmlns="urn:xmpp:sims:1"><file xmlns="urn:xmpp:jingle:apps:file-transfer:5"/><sources><reference xmlns="urn:xmpp:reference:0" type="data" uri="${EVIL}"/></sources></media-sharing></reference>`,
    `<name>a.png</name><size>9</size>`,
  ],
  [
    'XEP-0277',
    `<entry xmlns="http://www.w3.org/2005/Atom"><link rel="enclosure" href="${EVIL}"/></entry>`,
    `<link rel="enclosure" href="${OWN}"/>`,
  ],
])('images row 3: an image that %s names on another host becomes one of ours', async (_xep, content, expected) => {
  const got = await left(`<body>look</body>${content}`, { lookups: fetching })
  expect(got).toContain(expected)
  expect(got).not.toContain('evil.test')
})

test('images row 3: a body that is the link follows it, with what points to it; a link in a text stays', async () => {
  const length = EVIL.length
  const fallback = (end: number) =>
    `<fallback xmlns="urn:xmpp:fallback:0" for="jabber:x:oob"><body start="0" end="${end}"/></fallback>`
  const got = await left(`<body>${EVIL}</body>${oob(EVIL)}${fallback(length)}`, { lookups: fetching })
  expect(got).toBe(`<body>${OWN}</body>${oob(OWN)}${fallback(OWN.length)}`)
  expect(await left(`<body>see ${EVIL}</body>${oob(EVIL)}`, { lookups: fetching })).toBe(
    `<body>see ${EVIL}</body>${oob(OWN)}`,
  )
})

test('images row 3: what cannot be had goes, and stays as text where a message says nothing else and the policy keeps links', async () => {
  const how = { lookups: fetching, keepsLinks: true }
  expect(await left(`<body>look</body>${oob(GONE)}`, how)).toBe('<body>look</body>')
  expect(await left(oob(GONE), how)).toBe(`<body>${GONE}</body>`)
  expect(await left(oob(GONE), { keepsLinks: true })).toBe(`<body>${GONE}</body>`)
  expect(await left(oob(GONE), { lookups: fetching })).toBe('')
  const hidden = `https://gone.test/?i=${RAW}`
  expect(await left(oob(hidden), how)).not.toContain(RAW)
})

test('images row 3: of many links four are fetched, and of several sources of a file one', async () => {
  const asked: string[] = []
  const counting = { ...fetching, reHost: async (url: string) => void asked.push(url) }
  const links = Array.from({ length: 9 }, (_, n) => oob(`https://evil.test/${n}`)).join('')
  await left(`<body>x</body>${links}`, { lookups: counting })
  expect(asked).toHaveLength(4)
  asked.length = 0
  const source = (url: string) => `<url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/>`
  const sources = (urls: readonly string[]) =>
    `<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"/><sources>${urls.map(source).join('')}</sources></file-sharing>`
  await left(sources([EVIL, GONE]), { lookups: counting })
  expect(asked).toEqual([EVIL])
  asked.length = 0
  await left(sources([EVIL, OWN]), { lookups: counting })
  expect(asked).toEqual([])
})

test('images row 13: a picture of a vCard that is an address is fetched and cleaned, or goes', async () => {
  const card = (url: string) => `<vCard xmlns="vcard-temp"><FN>A</FN><PHOTO><EXTVAL>${url}</EXTVAL></PHOTO></vCard>`
  const got = await left(card(EVIL), { lookups: fetching, kind: 'iq', edge: 'client' })
  expect(got).toContain(`<BINVAL>${CLEAN.toString('base64')}</BINVAL>`)
  expect(got).not.toContain('EXTVAL')
  expect(await left(card(GONE), { lookups: fetching, kind: 'iq', edge: 'client' })).not.toContain('gone.test')
})

const cidOf = (bytes: Uint8Array) => `sha1+${Buffer.alloc(20).fill(bytes.length).toString('hex')}@bob.xmpp.org`

test('where images became others they are replaced with their names, and all else stays, whatever the rules are by now', async () => {
  const large = Buffer.alloc(70_000, PNG).toString('base64')
  const bob = (cid: string, data: string) => `<data xmlns="urn:xmpp:bob" cid="${cid}" type="image/png">${data}</data>`
  const reference = (cid: string) => `<y xmlns="urn:example" src="cid:${cid}"/>`
  const sfs = (url: string) =>
    `<file-sharing xmlns="urn:xmpp:sfs:0"><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/></sources></file-sharing>`
  const gone = 'https://im.test/upload/gone/a.png'
  const kept = [
    // A site that was not strict, a policy that let it pass, an address that this server had.
    `<x xmlns="urn:example">${'QUJD'.repeat(600)}</x>`,
    '<encrypted xmlns="eu.siacs.conversations.axolotl"><payload>QUJD</payload></encrypted>',
    `<x xmlns="jabber:x:oob"><url>https://former.test/upload/own/a.png</url></x>`,
    sfs('https://former.test/upload/own/a.png'),
    // The file is recalled, or gone.
    sfs(gone),
    '<sticker xmlns="urn:xmpp:stickers:0" pack="nobody knows"/>',
  ].join('')
  const isRenewal = { edge: 'stored', isRenewal: true, isStrict: false } as const
  const isOwnLink = (url: string) => url === OWN || url === gone
  const found = await left(reference('a@b') + bob('a@b', large) + kept + sfs(OWN), {
    ...isRenewal,
    lookups: { ...lookups, isOwnLink },
  })
  const cid = cidOf(CLEAN)
  expect(found).toContain(reference(cid) + bob(cid, CLEAN.toString('base64')) + kept + '<file-sharing')
  expect(found).toContain('<size>9</size>')
})

test('an image that cannot be made anew is an error, and nothing is taken out for it', async () => {
  const clean = () => Promise.reject(new StanzaFault({ condition: 'not-acceptable' }))
  const content = `<y xmlns="urn:example" src="cid:a@b"/><data xmlns="urn:xmpp:bob" cid="a@b">${RAW}</data>`
  const around = { edge: 'stored', lookups: { ...lookups, clean } } as const
  expect(await left(content, { ...around, isRenewal: true })).toBe('not-acceptable')
  expect(await left(content, around)).not.toContain('urn:xmpp:bob')
})
