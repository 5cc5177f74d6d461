import { createHash } from 'node:crypto'
import { rawImage } from './recorder.ts'

/** One way to smuggle an image, by the row of the matrix it belongs to; what stands in a message, or in an item. */
export interface Attack {
  readonly row: number
  readonly name: string
  readonly xml: string
}

type Build = (image: {
  /** A link that the server could have given. */
  readonly own: string
  readonly base64: string
  readonly hex: string
  readonly bytes: Buffer
  readonly cid: string
}) => string

const EVIL = 'https://evil.test/a.png'
const percent = (bytes: Buffer) => bytes.toString('hex').replace(/../g, '%$&')
const HASHES = '<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">x</hash>'
const urlData = `<url-data xmlns="http://jabber.org/protocol/url-data" target="${EVIL}"/>`
const metadata = `<file xmlns="urn:xmpp:file:metadata:0"><name>a.png</name>${HASHES}</file>`

const ATTACKS: readonly (readonly [row: number, name: string, build: Build])[] = [
  [3, 'oob', () => `<x xmlns="jabber:x:oob"><url>${EVIL}</url></x>`],
  [3, 'reference', () => `<reference xmlns="urn:xmpp:reference:0" type="data" uri="${EVIL}"/>`],
  [3, 'oob-second', ({ own }) => `<x xmlns="jabber:x:oob"><url>${own}</url><url>${EVIL}</url></x>`],
  [3, 'oob-namespace', ({ own }) => `<x xmlns="jabber:x:oob"><url xmlns="urn:z">${own}</url><url>${EVIL}</url></x>`],
  [
    4,
    'sfs-second',
    ({ own }) =>
      `<file-sharing xmlns="urn:xmpp:sfs:0">${metadata}${metadata}<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${own}"/></sources><sources>${urlData}<foo xmlns="urn:foo" uri="${EVIL}"/></sources></file-sharing>`,
  ],
  [
    4,
    'sfs-named',
    () =>
      `<file-sharing xmlns="urn:bogus"><file xmlns="urn:xmpp:file:metadata:0"><x src="${EVIL}"/></file></file-sharing>`,
  ],
  [4, 'sfs', () => `<file-sharing xmlns="urn:xmpp:sfs:0">${metadata}<sources>${urlData}</sources></file-sharing>`],
  [
    4,
    'sims',
    () =>
      `<reference xmlns="urn:xmpp:reference:0" type="data"><media-sharing xmlns="urn:xmpp:sims:1"><file xmlns="urn:xmpp:jingle:apps:file-transfer:5"><name>a</name></file><sources><reference xmlns="urn:xmpp:reference:0" type="data" uri="${EVIL}"/></sources></media-sharing></reference>`,
  ],
  [4, 'attached-sources', () => `<sources xmlns="urn:xmpp:sfs:0" id="x">${urlData}</sources>`],
  [5, 'thumbnail', () => `<thumbnail xmlns="urn:xmpp:thumbs:1" uri="${EVIL}" media-type="image/png"/>`],
  [5, 'thumbnail-data', ({ base64 }) => `<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/png;base64,${base64}"/>`],
  [
    6,
    'bob',
    ({ base64, cid }) =>
      `<x xmlns="urn:example:emote" src="cid:${cid}"/><data xmlns="urn:xmpp:bob" cid="${cid}" type="image/png">${base64}</data>`,
  ],
  [6, 'bob-unused', ({ base64, cid }) => `<data xmlns="urn:xmpp:bob" cid="${cid}" type="image/png">${base64}</data>`],
  [
    8,
    'xhtml',
    ({ base64 }) =>
      `<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><img src="data:image/png;base64,${base64}"/><img src="${EVIL}"/></body></html>`,
  ],
  [9, 'subject', ({ base64 }) => `<subject>data:image/png;base64,${base64}</subject>`],
  [9, 'nick', ({ base64 }) => `<nick xmlns="http://jabber.org/protocol/nick">DATA:image/png;base64,${base64}</nick>`],
  [
    9,
    'markup',
    ({ base64 }) =>
      `<markup xmlns="urn:xmpp:markup:0"><span start="0" end="1">data:image/png;base64,${base64}</span></markup>`,
  ],
  [9, 'reply', ({ base64 }) => `<reply xmlns="urn:xmpp:reply:0" to="x" id="data:image/png;base64,${base64}"/>`],
  [9, 'lines', ({ base64 }) => `<subject>data:image/png;base64,\n${base64.replace(/.{20}/g, '$&\n')}</subject>`],
  [
    9,
    'long-header',
    ({ base64 }) => `<subject>data:image/png;a=${'x'.repeat(140)};base64,%69${base64.slice(1)}</subject>`,
  ],
  [9, 'long-header-percent', ({ bytes }) => `<subject>data:image/png;a=${'x'.repeat(140)},${percent(bytes)}</subject>`],
  [
    9,
    'long-header-svg',
    () => `<subject>data:image/svg+xml;x=${'x'.repeat(140)},%3Csvg%3ESENDER-SVG-${'x'.repeat(30)}%3C/svg%3E</subject>`,
  ],
  [9, 'late-lines', ({ base64 }) => `<subject>${'word '.repeat(40)}${base64.replace(/.{20}/g, '$& ')}</subject>`],
  [9, 'behind-letters', ({ base64 }) => `<subject>xx${base64}</subject>`],
  [9, 'name', ({ base64 }) => `<i${base64.replace(/[^A-Za-z0-9]/g, '')} xmlns="urn:example"/>`],
  [9, 'namespace', ({ base64 }) => `<x xmlns="data:image/png;base64,${base64}"/>`],
  [9, 'naked', ({ base64 }) => `<subject>${base64}</subject>`],
  [
    10,
    'avatar-data',
    ({ base64 }) =>
      `<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="urn:xmpp:avatar:data"><item id="x"><data xmlns="urn:xmpp:avatar:data">${base64}</data></item></items></event>`,
  ],
  [
    11,
    'avatar-url',
    () =>
      `<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="urn:xmpp:avatar:metadata"><item id="x"><metadata xmlns="urn:xmpp:avatar:metadata"><info id="${'a'.repeat(40)}" url="${EVIL}" bytes="1" type="image/png"/></metadata></item></items></event>`,
  ],
  [12, 'vcard', ({ base64 }) => `<vCard xmlns="vcard-temp"><PHOTO><BINVAL>${base64}</BINVAL></PHOTO></vCard>`],
  [13, 'vcard-extval', () => `<vCard xmlns="vcard-temp"><PHOTO><EXTVAL>${EVIL}</EXTVAL></PHOTO></vCard>`],
  [14, 'photo-hash', () => `<x xmlns="vcard-temp:x:update"><photo>${'b'.repeat(40)}</photo></x>`],
  [
    16,
    'vcard4',
    ({ base64 }) =>
      `<vcard xmlns="urn:ietf:params:xml:ns:vcard-4.0"><photo><uri>data:image/png;base64,${base64}</uri></photo><logo><uri>${EVIL}</uri></logo></vcard>`,
  ],
  [
    18,
    'sticker',
    () =>
      `<sticker xmlns="urn:xmpp:stickers:0" pack="unknown"/><file-sharing xmlns="urn:xmpp:sfs:0">${metadata}<sources>${urlData}</sources></file-sharing>`,
  ],
  [
    18,
    'pack',
    () =>
      `<pack xmlns="urn:xmpp:stickers:0"><name>n</name><item>${metadata}<sources xmlns="urn:xmpp:sfs:0">${urlData}</sources></item>${HASHES}</pack>`,
  ],
  [
    19,
    'link-metadata',
    () =>
      `<Description xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><image xmlns="https://ogp.me/ns#">${EVIL}</image></Description>`,
  ],
  [
    20,
    'media-element',
    () =>
      `<x xmlns="jabber:x:data" type="form"><field var="f"><media xmlns="urn:xmpp:media-element"><uri type="image/png">${EVIL}</uri></media></field></x>`,
  ],
  [
    20,
    'captcha',
    ({ base64, cid }) =>
      `<captcha xmlns="urn:xmpp:captcha"><x xmlns="jabber:x:data" type="form"><field var="ocr"><media xmlns="urn:xmpp:media-element"><uri type="image/png">cid:${cid}</uri></media></field></x></captcha><data xmlns="urn:xmpp:bob" cid="${cid}" type="image/png">${base64}</data>`,
  ],
  [
    21,
    'atom',
    ({ base64 }) =>
      `<entry xmlns="http://www.w3.org/2005/Atom"><link rel="enclosure" type="image/png" href="${EVIL}"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><img src="data:image/png;base64,${base64}"/></div></content></entry>`,
  ],
  [
    21,
    'atom-relation',
    () =>
      `<entry xmlns="http://www.w3.org/2005/Atom"><link rel="Enclosure" href="${EVIL}"/><link rel="http://www.iana.org/assignments/relation/enclosure" href="${EVIL}"/></entry>`,
  ],
  [21, 'svg', () => `<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><image href="${EVIL}"/></svg>`],
  [21, 'open-graph', () => `<image xmlns="https://ogp.me/ns#">${EVIL}</image>`],
  [21, 'media-rss', () => `<thumbnail xmlns="http://search.yahoo.com/mrss/" url="${EVIL}"/>`],
  [22, 'ibb', ({ base64 }) => `<data xmlns="http://jabber.org/protocol/ibb" sid="s" seq="0">${base64}</data>`],
  [
    23,
    'jingle',
    () =>
      '<propose xmlns="urn:xmpp:jingle-message:0" id="p"><description xmlns="urn:xmpp:jingle:apps:file-transfer:5"/></propose>',
  ],
  [
    24,
    'omemo',
    ({ base64 }) =>
      `<encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"/><payload>${base64}</payload></encrypted>`,
  ],
  [24, 'mls', ({ base64 }) => `<encrypted xmlns="urn:xmpp:mls:0">${base64}</encrypted>`],
  [24, 'omemo-to-come', ({ base64 }) => `<encrypted xmlns="urn:xmpp:omemo:9">${base64}</encrypted>`],
  [25, 'esfs', ({ base64 }) => `<encrypted xmlns="urn:xmpp:esfs:0"><key>${base64}</key></encrypted>`],
  [35, 'webxdc', ({ base64 }) => `<x xmlns="urn:xmpp:webxdc:0"><json>${base64}</json></x>`],
  [
    36,
    'form-value',
    ({ base64 }) =>
      `<x xmlns="jabber:x:data" type="result"><field var="f"><value>data:image/png;base64,${base64}</value></field></x>`,
  ],
  [
    36,
    'tune',
    ({ base64 }) => `<tune xmlns="http://jabber.org/protocol/tune"><uri>data:image/png;base64,${base64}</uri></tune>`,
  ],
  // Rule 3, and what is too short for it.
  [21, 'unknown-short', ({ base64 }) => `<blob xmlns="urn:example:blob">${base64}</blob>`],
  [21, 'unknown-attribute', ({ base64 }) => `<blob xmlns="urn:example:blob" bytes="${base64}"/>`],
  [21, 'unknown-hex', ({ hex }) => `<blob xmlns="urn:example:blob">${hex}</blob>`],
  [21, 'unknown-url-alphabet', ({ bytes }) => `<blob xmlns="urn:example:blob">${bytes.toString('base64url')}</blob>`],
  [21, 'unknown-percent', ({ bytes }) => `<blob xmlns="urn:example:blob">data:image/png,${percent(bytes)}</blob>`],
  [21, 'unknown-split', ({ base64 }) => `<blob xmlns="urn:example:blob">${base64.replace(/.{24}/g, '$&\n')}</blob>`],
  [
    28,
    'forwarded',
    ({ base64, cid }) =>
      `<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client" from="x@im.test"><body>y</body><x xmlns="urn:example:emote" src="cid:${cid}"/><data xmlns="urn:xmpp:bob" cid="${cid}">${base64}</data></message></forwarded>`,
  ],
]

/**
 * Every attack, with an image that says which one it was and by whom it came.
 *
 * @param origin - of the server, for links that are its own.
 */
export function attacksOf(attacker: string, origin = 'http://im.test'): Attack[] {
  return ATTACKS.map(([row, name, build]) => {
    const bytes = rawImage(`${attacker}-${name}`)
    const sha1 = createHash('sha1').update(bytes).digest('hex')
    return {
      row,
      name,
      xml: build({
        own: `${origin}/upload/${'A'.repeat(43)}/a.png`,
        bytes,
        base64: bytes.toString('base64'),
        hex: bytes.toString('hex'),
        cid: `sha1+${sha1}@bob.xmpp.org`,
      }),
    }
  })
}

/** Images as short texts, for wherever a name, an id or an address is expected. */
export function namesOf(attacker: string): string[] {
  const bytes = rawImage(`${attacker}-name`)
  const base64 = bytes.toString('base64')
  return [base64, bytes.toString('hex'), `data:image/png;base64,${base64}`, `data:image/png,${percent(bytes)}`]
}
