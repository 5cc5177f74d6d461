import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { xml } from '../element.ts'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { buildCaps, buildCapsString, buildDiscoInfo, buildDiscoItems, findCaps, parseDiscoInfo } from './disco.ts'

const parse = (content: string) =>
  parseDiscoInfo(parseElement(`<query xmlns='http://jabber.org/protocol/disco#info'>${content}</query>`, C2S_LIMITS))
const sha1 = (text: string | undefined) => text && createHash('sha1').update(text).digest('base64')

const SIMPLE = ['disco#info', 'disco#items', 'caps', 'muc'].map((name) => `http://jabber.org/protocol/${name}`)

describe('XEP-0115 §5', () => {
  test('the simple example gives the hash of the XEP', () => {
    const info = { identities: [{ category: 'client', type: 'pc', name: 'Exodus 0.9.1' }], features: SIMPLE }
    expect(buildCapsString(info)).toBe(
      'client/pc//Exodus 0.9.1<http://jabber.org/protocol/caps<http://jabber.org/protocol/disco#info<' +
        'http://jabber.org/protocol/disco#items<http://jabber.org/protocol/muc<',
    )
    expect(sha1(buildCapsString(info))).toBe('QgayPKawpkPSDYmwT/WM94uAlu0=')
  })

  test('the complex example gives the hash of the XEP', () => {
    const info = parse(
      "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>" +
        "<identity xml:lang='el' category='client' name='\u03a8 0.11' type='pc'/>" +
        SIMPLE.map((name) => `<feature var='${name}'/>`).join('') +
        "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>" +
        "<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>" +
        "<field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>" +
        "<field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x>",
    )
    expect(sha1(buildCapsString(info))).toBe('q07IKJEyjvHSyhy//CH0CxmKi8w=')
  })

  test('PE-04 what is given twice is ill-formed', () => {
    const identity = { category: 'client', type: 'pc' }
    const form = { formType: 'urn:x', fields: [] }
    expect(buildCapsString({ identities: [identity, identity], features: [] })).toBeUndefined()
    expect(buildCapsString({ identities: [identity], features: ['a', 'a'] })).toBeUndefined()
    expect(buildCapsString({ identities: [identity], features: [], forms: [form, form] })).toBeUndefined()
    const twoTypes = parse(
      "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>a</value><value>b</value></field></x>",
    )
    expect(buildCapsString(twoTypes)).toBeUndefined()
  })

  test('a form without a hidden form type is ignored', () => {
    const info = parse("<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>a</value></field></x>")
    expect(buildCapsString(info)).toBe('')
  })

  test('order is that of octets, so astral characters come last', () => {
    const features = ['\u{1f600}', '\ufffd', 'a', 'B', 'ab']
    expect(buildCapsString({ identities: [], features })).toBe('B<a<ab<\ufffd<\u{1f600}<')
  })

  test('presence names what its client can', () => {
    const caps = { node: 'https://gajim.org', ver: 'x=', hash: 'sha-1' }
    expect(findCaps(xml('presence', {}, buildCaps(caps)))).toEqual(caps)
    expect(
      findCaps(xml('presence', {}, xml('c', { xmlns: 'http://jabber.org/protocol/caps', node: 'n', ver: '1' }))),
    ).toBeUndefined()
    expect(findCaps(xml('presence'))).toBeUndefined()
  })
})

test('an answer is read as it was built', () => {
  const info = {
    node: 'n',
    identities: [{ category: 'server', type: 'im', name: 'Drawbridge', lang: 'en' }],
    features: ['a', 'b'],
    forms: [{ formType: 'urn:x', fields: [{ name: 'max', values: ['5'] }] }],
  }
  const query = buildDiscoInfo(info)
  expect(query.toString()).toBe(
    '<query xmlns="http://jabber.org/protocol/disco#info" node="n">' +
      '<identity category="server" type="im" xml:lang="en" name="Drawbridge"/><feature var="a"/><feature var="b"/>' +
      '<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>urn:x</value></field>' +
      '<field var="max"><value>5</value></field></x></query>',
  )
  expect(parseDiscoInfo(query)).toMatchObject(info)
  expect(parse("<identity category='a'/><feature/><other/>")).toMatchObject({ identities: [], features: [], forms: [] })
})

test('items have address, node and name', () => {
  expect(buildDiscoItems([{ jid: 'a.im.test', name: 'A' }], 'n').toString()).toBe(
    '<query xmlns="http://jabber.org/protocol/disco#items" node="n"><item jid="a.im.test" name="A"/></query>',
  )
})
