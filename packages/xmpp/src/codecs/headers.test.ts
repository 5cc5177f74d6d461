import { expect, test } from 'vitest'
import { NS_SHIM } from '../ns.ts'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../index.ts'
import { cleanHeaders, REFUSED_HEADERS } from './headers.ts'

const list = (inside: string) => `<headers xmlns="${NS_SHIM}">${inside}</headers>`
const header = (name: string, value = 'x') => `<header name="${name}">${value}</header>`

/** What is left of the headers of a message. */
function left(...lists: string[]): string[] {
  const message = parseElement(`<message xmlns="jabber:client"><body>b</body>${lists.join('')}</message>`, C2S_LIMITS)
  cleanHeaders(message)
  expect(message.getChildText('body')).toBe('b')
  const headers = message.getChildren('headers', NS_SHIM)
  expect(headers.length).toBeLessThanOrEqual(1)
  return headers.flatMap((one) => one.getChildren('header').map((child) => child.toString()))
}

test('headers that say something about the content stay as they are (XEP-0131 §4, §5)', () => {
  const plain = ['In-Reply-To', 'Keywords', 'Urgency', 'Created', 'TTL', 'Classification', 'X-Ticket']
  expect(left(list(plain.map((name) => header(name, 'a &lt;b/&gt; c')).join('')))).toEqual(
    plain.map((name) => `<header name="${name}">a &lt;b/&gt; c</header>`),
  )
})

test('headers that others would take at their word go, however they are spelled (XEP-0131 §8)', () => {
  for (const name of REFUSED_HEADERS) {
    expect(left(list(header(name) + header(name.toUpperCase()) + header('Keywords'))), name).toHaveLength(1)
  }
})

test('a header is one line, with a name that is one (XEP-0131 §4)', () => {
  const bad = [
    header('Subject', 'a&#10;Bcc: eve@evil.test'),
    header('Subject', 'a&#13;b'),
    header('Subject', 'a&#x85;b'),
    header('Subject', 'a&#x2028;b'),
    header('a: b'),
    header('a&#10;b'),
    header(''),
    '<header>no name</header>',
    header('n'.repeat(65)),
    header('Subject', 'v'.repeat(1_025)),
  ]
  for (const one of bad) expect(left(list(one)), one).toEqual([])
  expect(left(list(header('n'.repeat(64), 'v'.repeat(1_024))))).toHaveLength(1)
})

test('there are not too many, in however many lists, and nothing but text in them (XEP-0131 §4)', () => {
  const many = list(Array.from({ length: 30 }, (_, n) => header(`h${n}`)).join(''))
  expect(left(many, many)).toHaveLength(32)
  const nested = '<header name="a" type="b">one<image xmlns="urn:x" src="https://evil.test/"/></header><other/>'
  expect(left(list(nested))).toEqual(['<header name="a">one</header>'])
  expect(left(list(''))).toEqual([])
})
