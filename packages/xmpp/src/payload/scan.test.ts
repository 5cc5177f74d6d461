import { describe, expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { base64From, findBase64 } from './base64.ts'
import { holdsDataImage } from './data-uri.ts'
import { scanForInlineImages } from './scan.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
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

  test('DS-17 hostile texts take no time', () => {
    for (const unit of ['data:', 'd', 'data:image/', 'data:,', 'data:image/png,', 'd\na\nt\na\n', 'data:%', '\n']) {
      const text = unit.repeat(100_000 / unit.length)
      const runs = Array.from({ length: 5 }, () => {
        const start = performance.now()
        holdsDataImage(text)
        return performance.now() - start
      })
      expect(Math.min(...runs), unit).toBeLessThan(20)
    }
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
