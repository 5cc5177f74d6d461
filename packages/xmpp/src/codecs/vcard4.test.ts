import { expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { vcard4From, vcardTempFrom } from './vcard4.ts'

const temp = (content: string) => `<vCard xmlns="vcard-temp">${content}</vCard>`
const vcard4 = (content: string) => `<vcard xmlns="urn:ietf:params:xml:ns:vcard-4.0">${content}</vcard>`
const parse = (text: string) => parseElement(text, C2S_LIMITS)

test.each([
  ['FN', '<FN>Alice Liddell</FN>', '<fn><text>Alice Liddell</text></fn>'],
  ['NICKNAME', '<NICKNAME>Ali</NICKNAME>', '<nickname><text>Ali</text></nickname>'],
  ['BDAY', '<BDAY>1852-05-04</BDAY>', '<bday><date>1852-05-04</date></bday>'],
  ['URL', '<URL>https://im.test/</URL>', '<url><uri>https://im.test/</uri></url>'],
  ['DESC', '<DESC>Curious</DESC>', '<note><text>Curious</text></note>'],
  ['JABBERID', '<JABBERID>a@im.test</JABBERID>', '<impp><uri>xmpp:a@im.test</uri></impp>'],
  [
    'N',
    '<N><FAMILY>Liddell</FAMILY><GIVEN>Alice</GIVEN><MIDDLE>P.</MIDDLE></N>',
    '<n><surname>Liddell</surname><given>Alice</given><additional>P.</additional></n>',
  ],
  [
    'ADR',
    '<ADR><WORK/><STREET>1 Main St</STREET><LOCALITY>Oxford</LOCALITY><PCODE>OX1</PCODE><CTRY>UK</CTRY></ADR>',
    '<adr><parameters><type><text>work</text></type></parameters><street>1 Main St</street>' +
      '<locality>Oxford</locality><code>OX1</code><country>UK</country></adr>',
  ],
  [
    'ORG',
    '<ORG><ORGNAME>Looking Glass</ORGNAME><ORGUNIT>Red</ORGUNIT><ORGUNIT>White</ORGUNIT></ORG>',
    '<org><text>Looking Glass</text><text>Red</text><text>White</text></org>',
  ],
  [
    'TEL',
    '<TEL><HOME/><CELL/><NUMBER>+44 1865</NUMBER></TEL>',
    '<tel><parameters><type><text>home</text><text>cell</text></type></parameters><text>+44 1865</text></tel>',
  ],
  ['EMAIL', '<EMAIL><USERID>a@im.test</USERID></EMAIL>', '<email><text>a@im.test</text></email>'],
])('%s is the same in both formats (XEP-0292 §7)', (_name, older, newer) => {
  expect(vcard4From(parse(temp(older))).toString()).toBe(vcard4(newer))
  expect(vcardTempFrom(parse(vcard4(newer))).toString()).toBe(temp(older))
})

test('a number given as an address is a number, too, and what cannot be said is left out', () => {
  const card = vcard4(
    '<tel><uri>tel:+44-1865</uri></tel><impp><uri>sip:a@im.test</uri></impp><gender><sex>F</sex></gender><adr/>',
  )
  expect(vcardTempFrom(parse(card)).toString()).toBe(temp('<TEL><NUMBER>+44-1865</NUMBER></TEL>'))
})

test('pictures and other binaries are in neither', () => {
  const binary = '<TYPE>image/png</TYPE><BINVAL>QUJD</BINVAL>'
  expect(vcard4From(parse(temp(`<PHOTO>${binary}</PHOTO><LOGO>${binary}</LOGO><KEY>x</KEY>`))).toString()).toBe(
    '<vcard xmlns="urn:ietf:params:xml:ns:vcard-4.0"/>',
  )
  expect(vcardTempFrom(parse(vcard4('<photo><uri>http://x.test/</uri></photo>'))).toString()).toBe(
    '<vCard xmlns="vcard-temp"/>',
  )
})
