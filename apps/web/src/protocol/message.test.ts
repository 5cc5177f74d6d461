import { C2S_LIMITS, parseElement, xml } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import type { Xml } from '../connection/element.ts'
import { buildMessage, parseArchived, parseIncoming, parseStanzaError, textForXml } from './message.ts'

const ALICE = 'alice@im.test'
const build = ((name, attrs, ...children) =>
  xml(name, attrs ?? {}, ...children.filter((child) => child !== false))) as Xml
const parse = (text: string) => parseIncoming(parseElement(text, C2S_LIMITS), ALICE)
const chat = (inside: string, attrs = 'from="bob@im.test/1" to="alice@im.test/2"') =>
  `<message xmlns="jabber:client" type="chat" id="m1" ${attrs}>${inside}</message>`

test('a message from a contact is theirs, and its archive id counts only from our own server', () => {
  const incoming = parse(
    chat(
      '<body>hi</body><stanza-id xmlns="urn:xmpp:sid:0" id="fake" by="bob@im.test"/>' +
        '<stanza-id xmlns="urn:xmpp:sid:0" id="7" by="alice@im.test"/>',
    ),
  )
  expect(incoming).toMatchObject({
    kind: 'chat',
    isLive: true,
    message: { mine: false, peer: 'bob@im.test', body: 'hi', stanzaId: '7', id: 'm1' },
  })
})

test('WC-01: a message with markup is its text, as it was written (XEP-0394 §5)', () => {
  const text = '<b>hi</b> <script>alert(1)</script>'
  const body = `<body>${text.replaceAll('<', '&lt;')}</body>`
  const markup = '<markup xmlns="urn:xmpp:markup:0"><span start="0" end="9"><strong/></span></markup>'
  expect(parse(chat(body + markup))).toEqual(parse(chat(body)))
  expect(parse(chat(body + markup))).toMatchObject({ message: { body: text } })
})

test('XEP-0393 §4: an author can say that no mark in a message means anything', () => {
  const unstyled = '<unstyled xmlns="urn:xmpp:styling:0"/>'
  expect(parse(chat(`<body>*as it is*</body>${unstyled}`))).toMatchObject({ message: { isUnstyled: true } })
  expect(parse(chat('<body>*strong*</body>'))).toMatchObject({ message: { isUnstyled: false } })
})

const carbon = (from: string) =>
  `<message xmlns="jabber:client" from="${from}"><sent xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">` +
  `<message xmlns="jabber:client" type="chat" from="alice@im.test/9" to="bob@im.test"><body>mine</body></message></forwarded></sent></message>`

test('a message sent from another device of ours is ours', () => {
  expect(parse(carbon(ALICE))).toMatchObject({
    kind: 'chat',
    message: { mine: true, peer: 'bob@im.test', body: 'mine' },
  })
})

test('WC-13: a carbon from anybody else is no message', () => {
  expect(parse(carbon('mallory@im.test'))).toEqual({ kind: 'other' })
  expect(parse(carbon('alice@im.test/7'))).toEqual({ kind: 'other' })
})

const archived = (from: string, queryId: string) =>
  parseElement(
    `<message xmlns="jabber:client" from="${from}"><result xmlns="urn:xmpp:mam:2" id="a1" queryid="${queryId}">` +
      `<forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" stamp="2026-11-23T04:00:00Z"/>` +
      `<message xmlns="jabber:client" type="chat" from="bob@im.test/1" to="alice@im.test"><body>old</body></message></forwarded></result></message>`,
    C2S_LIMITS,
  )

test('an archived message has the id and the time of the archive', () => {
  expect(parseArchived(archived(ALICE, 'q'), ALICE, 'q')).toMatchObject({
    kind: 'chat',
    isLive: false,
    message: { stanzaId: 'a1', body: 'old', stampedAt: Date.UTC(2026, 10, 23, 4) },
  })
})

test('WC-13: archive results from others, or that nobody asked for, are nothing', () => {
  expect(parseArchived(archived('mallory@im.test', 'q'), ALICE, 'q')).toBeUndefined()
  expect(parseArchived(archived(ALICE, 'other'), ALICE, 'q')).toBeUndefined()
})

test('a shared picture is announced with its size, and read back with it', () => {
  const media = {
    url: 'https://im.test/upload/x/plan.png',
    name: 'plan.png',
    type: 'image/png',
    bytes: 1234,
    widthPx: 800,
    heightPx: 600,
  }
  const sent = buildMessage(build, { id: 'o1', to: 'bob@im.test', body: media.url, media }).toString()
  const incoming = parse(
    sent.replace('<message', '<message xmlns="jabber:client" from="bob@im.test/1"').replace('to="bob', 'to="alice'),
  )
  expect(incoming).toMatchObject({ kind: 'chat', message: { media, originId: 'o1', asksReceipt: true } })
})

test('a link beside other words is text, not a file', () => {
  const oob = '<x xmlns="jabber:x:oob"><url>https://im.test/upload/x/a.png</url></x>'
  expect(parse(chat(`<body>look: https://im.test/upload/x/a.png</body>${oob}`))).toMatchObject({
    message: { media: undefined },
  })
  expect(
    parse(chat('<body>javascript:alert(1)</body><x xmlns="jabber:x:oob"><url>javascript:alert(1)</url></x>')),
  ).toMatchObject({
    message: { media: undefined },
  })
})

test.each([
  [
    'a sticker (XEP-0449 §4.2)',
    '<body>😘</body><sticker xmlns="urn:xmpp:stickers:0" pack="EpRv28DHHzFrE4zd+xaNpVb4"/>',
  ],
  ['a file without a fallback (XEP-0447 §3.1)', ''],
])('%s is the picture that it shares', (_what, inside) => {
  const sharing = (url: string) =>
    '<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><media-type>image/png</media-type>' +
    '<name>kiss.png</name><size>670</size><width>128</width><height>96</height><desc>😘</desc></file>' +
    `<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/></sources></file-sharing>`
  const url = 'https://im.test/upload/x/kiss.png'
  const media = { url, name: 'kiss.png', type: 'image/png', bytes: 670, widthPx: 128, heightPx: 96 }
  expect(parse(chat(inside + sharing(url)))).toMatchObject({ kind: 'chat', message: { media } })
  const unusable = parse(chat(inside + sharing('javascript:alert(1)')))
  expect(unusable).not.toMatchObject({ message: { media: expect.anything() } })
})

test('equal messages are built to equal bytes, so that a resend is recognized', () => {
  const message = { id: 'o1', to: 'bob@im.test', body: 'hi', media: undefined }
  expect(buildMessage(build, message).toString()).toBe(buildMessage(build, message).toString())
})

test('a receipt names the message that has arrived', () => {
  expect(parse(chat('<received xmlns="urn:xmpp:receipts" id="m0"/>'))).toEqual({
    kind: 'receipt',
    peer: 'bob@im.test',
    id: 'm0',
  })
})

test('an error says what the server said', () => {
  const stanza = parseElement(
    '<message xmlns="jabber:client" type="error" id="m1" from="bob@im.test"><error type="wait">' +
      '<policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>' +
      '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">Later</text></error></message>',
    C2S_LIMITS,
  )
  expect(parseIncoming(stanza, ALICE)).toMatchObject({
    kind: 'error',
    id: 'm1',
    error: { condition: 'policy-violation' },
  })
  expect(parseStanzaError(stanza)).toMatchObject({ type: 'wait', text: 'Later', isTooLarge: false })
})

test.each(['groupchat', 'headline'])('a message of type %s is no chat', (type) => {
  expect(parse(chat('<body>x</body>').replace('type="chat"', `type="${type}"`))).toEqual({ kind: 'other' })
})

test('what XML cannot carry is left out of a text, and nothing else is', () => {
  expect(textForXml('a\u0000\u0007b\u001f \ud800c\udc00\ufffe\uffff')).toBe('ab \ufffdc\ufffd')
  const fine = 'tab\t line\n größer 中文 😀 \u202e\u00ad'
  expect(textForXml(fine)).toBe(fine)
})
