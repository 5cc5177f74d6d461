import { expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { NS_MARKUP } from '../ns.ts'
import { parseElement } from '../tokenizer.ts'
import { cleanMarkup } from './markup.ts'

const markup = (inside: string, attrs = '') => `<markup xmlns="${NS_MARKUP}"${attrs}>${inside}</markup>`

/** What is left of a message's markup. */
function left(content: string): string {
  const message = parseElement(`<message xmlns="jabber:client">${content}</message>`, C2S_LIMITS)
  cleanMarkup(message)
  return message
    .getChildren('markup', NS_MARKUP)
    .map((element) => element.toString())
    .join('')
}

const TEXT = '<body>There is really no reason to worry.</body>'
const EMPHASIS = '<span start="9" end="15"><emphasis/></span>'

test.each([
  ['§4.1', TEXT, EMPHASIS],
  ['§4.1', TEXT, '<span start="0" end="5"><emphasis/><strong/><code/><deleted/></span>'],
  ['§4.2', TEXT, '<bcode start="0" end="35" language="c++"/>'],
  ['§4.3', TEXT, '<list start="0" end="35" ordered="true"><li start="0"/><li start="10"/></list>'],
  ['§4.4', TEXT, '<bquote start="0" end="20"/><bquote start="5" end="10"/><span start="6" end="7"><code/></span>'],
  // Code points and not UTF-16 units.
  ['§4.1', '<body>👋👋</body>', '<span start="1" end="2"><code/></span>'],
])('markup that says how a text may be shown stays (XEP-0394 %s)', (_section, body, inside) => {
  expect(left(body + markup(inside))).toBe(markup(inside))
})

test.each([
  ['outside of the text', '<span start="9" end="36"><code/></span>'],
  ['of nothing', '<span start="9" end="9"><code/></span>'],
  ['backwards', '<span start="9" end="3"><code/></span>'],
  ['with numbers that are none', '<span start="-1" end="3"><code/></span><span start="1e1" end="12"><code/></span>'],
  ['without a style', '<span start="1" end="3"/><span start="1" end="3"><blink/></span>'],
  ['that is unknown', '<script start="1" end="3">alert(1)</script>'],
  ['of another kind', '<span xmlns="http://www.w3.org/1999/xhtml" start="1" end="3"><code/></span>'],
  ['of a list that begins elsewhere', '<list start="0" end="9"><li start="1"/></list>'],
  ['of a list out of order', '<list start="0" end="9"><li start="0"/><li start="5"/><li start="4"/></list>'],
  ['of a list without items', '<list start="0" end="9"/>'],
])('markup %s goes (XEP-0394 §5)', (_what, inside) => {
  expect(left(TEXT + markup(inside))).toBe('')
  expect(left(TEXT + markup(inside + EMPHASIS))).toBe(markup(EMPHASIS))
})

test('of parts across each other the first stays (XEP-0394 §5)', () => {
  expect(left(TEXT + markup(`${EMPHASIS}<span start="14" end="20"><code/></span>`))).toBe(markup(EMPHASIS))
  expect(left(TEXT + markup(`${EMPHASIS}<bquote start="10" end="20"/>`))).toBe(markup(EMPHASIS))
  expect(left(TEXT + markup(`<bquote start="0" end="9"/><bcode start="5" end="20"/>`))).toBe(
    markup('<bquote start="0" end="9"/>'),
  )
})

test('a text has one markup, each language its own, and no text none (XEP-0394 §5, §8)', () => {
  const german = '<body xml:lang="de">Kein Grund.</body>'
  const both = markup(EMPHASIS) + markup('<span start="0" end="4"><code/></span>', ' xml:lang="de"')
  expect(left(TEXT + german + both)).toBe(both)
  expect(left(TEXT + both)).toBe(markup(EMPHASIS))
  expect(left(TEXT + markup(EMPHASIS) + markup(EMPHASIS))).toBe(markup(EMPHASIS))
  expect(left(markup(EMPHASIS))).toBe('')
})

test('nothing but numbers and known names is left: no text, no attribute, no element of a sender (XEP-0394 §5)', () => {
  const noisy =
    '<span start="9" end="15" style="x" onclick="y"><emphasis href="z">text</emphasis><img src="https://evil.test/"/></span>words'
  expect(left(TEXT + markup(noisy, ' id="q"'))).toBe(markup(EMPHASIS))
  expect(left(TEXT + markup('<bcode start="0" end="9" language="&lt;script&gt;"/>'))).toBe(
    markup('<bcode start="0" end="9"/>'),
  )
})

test('a text that is all markup has no more of it than can be read (XEP-0394 §5)', () => {
  const many = Array.from({ length: 1_000 }, (_, n) => `<span start="${n}" end="${n + 1}"><code/></span>`).join('')
  const kept = left(`<body>${'x'.repeat(1_000)}</body>${markup(many)}`)
  expect(kept.split('<span').length - 1).toBe(256)
})
