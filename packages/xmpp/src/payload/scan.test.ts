import { describe, expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { base64From, findBase64 } from './base64.ts'
import { holdsDataImage } from './data-uri.ts'
import { holdsEncodedImage } from './image-signs.ts'
import { scanForInlineImages } from './scan.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PERCENT = Buffer.from(PNG, 'base64').toString('hex').replace(/../g, '%$&')
const scan = (content: string) =>
  scanForInlineImages(parseElement(`<message xmlns='jabber:client'>${content}</message>`, C2S_LIMITS))
const kinds = (content: string) => scan(content).map(({ kind }) => kind)

describe('a data: image in a text', () => {
  test.each([
    `data:image/png;base64,${PNG}`,
    `see data:image/png;base64,${PNG} here`,
    `DATA:IMAGE/PNG;BASE64,${PNG}`,
    `data: image/png;base64,${PNG}`,
    `data:image/png;charset=x;base64,${PNG}`,
    `data:im%61ge/png;base64,${PNG}`,
    `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>`,
    `data:image/svg+xml,%3Csvg%20xmlns=%22http://www.w3.org/2000/svg%22/%3E`,
    `da\nta:image/png;base64,${PNG}`,
    `data:image/p\r\nng;base64,${PNG}`,
    `data:data:image/png;base64,${PNG}`,
    `data:text/plain;base64,${PNG}`,
    `data:;base64,${PNG}`,
    `data:application/octet-stream;base64,/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgMCAgMD`,
    `data:text/html,<svg xmlns="http://www.w3.org/2000/svg"/>`,
    `data:image/png;a=${'x'.repeat(200)};base64,${PNG}`,
    `data:image/png;a=${'x'.repeat(200)},${PERCENT}`,
    `data:image/svg+xml;x=${'x'.repeat(200)},%3Csvg%20xmlns=%22http://www.w3.org/2000/svg%22/%3E`,
    `data:${' '.repeat(200)}image/png;base64,${PNG}`,
    `data:image/png;base64${' '.repeat(200)},${PNG}`,
    `data:text/plain;base64,%69${PNG.slice(1)}`,
    `data:text/plain;base64,${' '.repeat(200)}${PNG}`,
    `data:text/plain,${PERCENT}`,
    `data:,%00%00%01%00%01%00${'%10'.repeat(30)}`,
    `![x](data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7)`,
  ])('is found: %j', (text) => {
    expect(holdsDataImage(text)).toBe(true)
  })

  test.each([
    '',
    'data: an image says more than a thousand words, they say',
    'data:image/png;base64,',
    'data:image/png;base64,iVBORw0KGgo=',
    'a data:image/png URI is written data:image/png;base64,...',
    'update: image, done and so on and so forth and more',
    `metadata: none, ${'x'.repeat(100)}`,
    `data:text/plain;base64,${btoa('just some text that is no image at all')}`,
    'data:text/plain,just some text that is no image at all',
  ])('is not seen where there is none: %j', (text) => {
    expect(holdsDataImage(text)).toBe(false)
  })

  test('DS-17 hostile texts take time by their length', () => {
    const parts = [
      'data:',
      'data:,',
      'data:;base64,',
      'data:image/png,',
      'd\na\nt\na\n',
      ',        ',
      'i V ',
      'AAAAZ0eX',
      '%89',
    ]
    // In time that grows with the square of the length, this would outlast the test by far.
    for (const unit of ['d', 'data:image/', 'data:%', '\n', ...parts]) {
      const text = unit.repeat(500_000 / unit.length)
      expect(holdsDataImage(text), unit).toBe(unit === 'data:image/png,')
      expect(holdsEncodedImage(text), unit).toBe(false)
    }
  })
})

describe('an image that nothing calls one', () => {
  const file = (start: string) => Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(60, 'more of it')])
  const FILES: readonly (readonly [name: string, start: string])[] = [
    ['PNG', '\x89PNG\r\n\x1a\n'],
    ['JPEG', '\xff\xd8\xff\xe0\0\x10JFIF'],
    ['JPEG without a header', '\xff\xd8\xff\xdb'],
    ['GIF', 'GIF89a'],
    ['WebP', 'RIFF\x24\0\0\0WEBPVP8 '],
    ['AVIF', '\0\0\0\x1cftypavif'],
    ['BMP', 'BM\x46\x01\0\0\0\0\0\0'],
    ['TIFF', 'II*\0\x08\0\0\0'],
    ['BigTIFF', 'MM\0+\0\x08\0\0'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg">'],
  ]
  test.each(FILES)('is found in every spelling: %s', (_name, start) => {
    const bytes = file(start)
    const base64 = bytes.toString('base64')
    const lines = base64.replace(/.{20}/g, '$& ')
    for (const text of [
      base64,
      bytes.toString('base64url'),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('hex').replace(/../g, '%$&'),
      base64.replace(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`),
      // Behind a few letters, and broken into lines behind a long text.
      ...['x', 'xx', 'xxx', 'xxxx'].map((letters) => letters + base64),
      `.${base64}`,
      lines,
      `${'word '.repeat(50)}${lines}`,
    ]) {
      expect(holdsEncodedImage(text), text).toBe(true)
    }
  })

  test.each([
    'Shall we have lunch at noon? I would like to try that new place around the corner.',
    'https://im.test/upload/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE/holiday%20pictures%20%28all%29.webp',
    '01a2092f-cf6d-7286-b11c-3b097ede537a',
    'A'.repeat(500),
    '0'.repeat(500),
    'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDJ2rFkPtvMvXyZq0mJ9rT1yXW4PpYqXkP0rj3NfQ8vGdXkQx',
    'PD94bWwgdmVyc2lvbj0iMS4wIiBlbmNvZGluZz0iVVRGLTgiPz4KPGNhbGVuZGFyLz4K',
  ])('is not seen where there is none: %j', (text) => {
    expect(holdsEncodedImage(text)).toBe(false)
  })
})

describe('a scan finds', () => {
  test('nothing in what people write', () => {
    expect(scan(`<body>${'Some long text, with words. '.repeat(100)}</body><subject>Hi</subject>`)).toEqual([])
    expect(scan("<encrypted xmlns='urn:xmpp:omemo:2'><payload>" + 'A'.repeat(5000) + '</payload></encrypted>')).toEqual(
      [],
    )
    expect(scan("<x xmlns='jabber:x:oob'><url>https://im.test/f/1234567890abcdef.png</url></x>")).toEqual([])
    expect(scan(`<body>${'A'.repeat(5000)}</body>`)).toEqual([])
  })

  test('data: URIs in a body, a subject, a nick, a status and in attributes', () => {
    const uri = `data:image/png;base64,${PNG}`
    for (const element of [
      `<body>${uri}</body>`,
      `<subject>${uri}</subject>`,
      `<nick xmlns='http://jabber.org/protocol/nick'>${uri}</nick>`,
      `<status>${uri}</status>`,
    ]) {
      expect(kinds(element)).toEqual(['data-uri'])
    }
    const [found] = scan(`<reference xmlns='urn:xmpp:reference:0' uri='${uri}'/>`)
    expect(found).toMatchObject({ kind: 'data-uri', attribute: 'uri', element: { name: 'reference' } })
  })

  test('XHTML-IM, and images inside it', () => {
    const html = `<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>x</body></html>`
    expect(kinds(`<body>x</body>${html}`)).toEqual(['xhtml-im'])
    expect(kinds(html.replace('>x<', `><img src='data:image/png;base64,${PNG}'/><`))).toEqual(['xhtml-im', 'data-uri'])
  })

  test('Bits of Binary, decoded', () => {
    const [found] = scan(`<data xmlns='urn:xmpp:bob' cid='sha1+x@bob.xmpp.org' type='image/png'>${PNG}</data>`)
    expect(found).toMatchObject({ kind: 'bob', cid: 'sha1+x@bob.xmpp.org', type: 'image/png' })
    expect(found && 'bytes' in found && found.bytes?.subarray(1, 4)).toEqual(new TextEncoder().encode('PNG'))
    expect(scan(`<data xmlns='urn:xmpp:bob' cid='x'>!</data>`)[0]).toMatchObject({ kind: 'bob', bytes: undefined })
  })

  test('avatars, by PEP and in vCards', () => {
    expect(
      kinds(
        `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:avatar:data'><item id='x'><data xmlns='urn:xmpp:avatar:data'>${PNG}</data></item></publish></pubsub>`,
      ),
    ).toEqual(['avatar'])
    const vcard = scan(
      `<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>\n${PNG.replace(/.{20}/g, '$&\r\n')}</BINVAL></PHOTO><SOUND><BINVAL>${PNG}</BINVAL></SOUND></vCard>`,
    )
    expect(vcard).toMatchObject([
      { kind: 'vcard', field: 'PHOTO', type: 'image/png', bytes: { length: 70 } },
      { kind: 'vcard', field: 'SOUND', type: undefined },
    ])
    expect(kinds(`<vCard xmlns='vcard-temp'><X-IMG>${'A'.repeat(2000)}</X-IMG></vCard>`)).toEqual(['encoded'])
  })

  test('an image that is a name or a namespace', () => {
    const name = `a${PNG.replace(/[+/=]/g, '')}`
    expect(kinds(`<${name} xmlns='urn:x'/>`)).toEqual(['hidden'])
    expect(kinds(`<x xmlns='urn:x' ${name}='1'/>`)).toEqual(['hidden'])
    expect(kinds(`<x xmlns='data:image/png;base64,${PNG}'/>`)).toEqual(['hidden'])
    expect(kinds(`<x xmlns='urn:${PNG}'/>`)).toEqual(['hidden'])
  })

  test('all of them inside forwarded messages and events', () => {
    const bob = `<data xmlns='urn:xmpp:bob' cid='x'>${PNG}</data>`
    expect(
      kinds(
        `<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>${bob}</message></forwarded></sent>`,
      ),
    ).toEqual(['bob'])
    expect(
      kinds(
        `<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item>${bob}</item></items></event>`,
      ),
    ).toEqual(['bob'])
  })

  test('1 KB of base64 or hex in an element that nobody knows, however it is spread', () => {
    expect(kinds(`<x xmlns='urn:x'>${'A'.repeat(1024)}</x>`)).toEqual(['encoded'])
    expect(kinds(`<x xmlns='urn:x'>${'A'.repeat(1000)}</x>`)).toEqual([])
    expect(kinds(`<x xmlns='urn:x'>${'0123456789abcdef '.repeat(64)}</x>`)).toEqual(['encoded'])
    expect(kinds(`<x xmlns='urn:x' a='${'A'.repeat(600)}' b='${'A'.repeat(600)}'/>`)).toEqual(['encoded'])
    expect(kinds(`<x xmlns='urn:x'>${`<y>${'A'.repeat(100)}</y>`.repeat(11)}</x>`)).toEqual(['encoded'])
    expect(kinds(`<encrypted xmlns='urn:xmpp:omemo:2'><x xmlns='urn:x'>${'A'.repeat(1024)}</x></encrypted>`)).toEqual([
      'encoded',
    ])
    expect(kinds(`<x xmlns='urn:x'>${'Some long text, with words. '.repeat(100)}</x>`)).toEqual([])
    expect(kinds(`<forwarded xmlns='urn:xmpp:forward:0'><x xmlns='urn:x'>${'A'.repeat(1024)}</x></forwarded>`)).toEqual(
      ['encoded'],
    )
  })
})

describe('base64', () => {
  test.each(['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'])('%j comes back', (text) => {
    const bytes = new TextEncoder().encode(text)
    expect(base64From(bytes)).toBe(btoa(text))
    expect(findBase64(btoa(text))).toEqual(bytes)
    expect(findBase64(btoa(text).replaceAll('=', ''))).toEqual(bytes)
    expect(findBase64(` ${btoa(text)}\r\n`)).toEqual(bytes)
  })

  test('large input comes back', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256)
    expect(findBase64(base64From(bytes))).toEqual(bytes)
  })

  test.each(['a', 'ab!c', 'ab==cd', 'äöü', '____', 'abcd='.repeat(30)])('%j is none', (text) => {
    expect(findBase64(text)).toBeUndefined()
  })
})
