import { expect, test } from 'vitest'
import { firstPage, hrefFrom, showBidiControls, splitLinks } from './links.ts'

const links = (text: string) => splitLinks(text).flatMap((part) => (part.kind === 'link' ? [part.href] : []))

test.each([
  ['see https://im.test/a?b=c#d now', ['https://im.test/a?b=c#d']],
  ['(https://im.test/wiki/A_(b)).', ['https://im.test/wiki/A_(b)']],
  ['www.im.test, or HTTP://IM.TEST', ['https://www.im.test/', 'http://im.test/']],
  ['write to mailto:alice@im.test!', ['mailto:alice@im.test']],
  ['no links here: a.b.c', []],
  ['xhttp://im.test', []],
])('%s', (text, hrefs) => {
  expect(links(text)).toEqual(hrefs)
})

test.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'java\nscript:alert(1)',
  'https://user:pw@im.test/',
  'https://bank.test@evil.test/',
  'blob:https://im.test/x',
  'file:///etc/passwd',
  'xmpp:alice@im.test?remove',
])('WC-03: %s does not become a link', (text) => {
  expect(hrefFrom(text)).toBeUndefined()
  expect(links(text).filter((href) => !/^https?:\/\/(im|evil)\.test/.test(href))).toEqual([])
})

test('the parts of a text are the text', () => {
  const text = 'a https://im.test/, b www.im.test) <b>c</b> "https://im.test/x"'
  expect(
    splitLinks(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})

test('WC-04: a quote ends a link', () => {
  expect(links('https://im.test/"onmouseover="alert(1)')).toEqual(['https://im.test/'])
})

test('a very long text without a link is split in linear time', () => {
  const startedAt = performance.now()
  splitLinks('www.'.repeat(50_000))
  splitLinks(`http://${'a('.repeat(100_000)}`)
  expect(performance.now() - startedAt).toBeLessThan(500)
})

test('characters that turn text around are shown', () => {
  expect(showBidiControls('photo\u202Egpj.exe')).toBe('photo‹202E›gpj.exe')
})

test.each([
  ['brackets', `http://a.test/${')'.repeat(1_990)} `],
  ['brackets of both kinds', `http://a.test/${'(]'.repeat(990)} `],
  ['punctuation', `http://a.test/${'.'.repeat(1_990)} `],
  ['beginnings of links', 'http://'],
  ['beginnings of another kind', 'www.'],
  ['what is not where a link begins', 'ahttps://b'],
])('DS-17 100 KB of %s are looked through in no time', (_what, unit) => {
  const text = unit.repeat(100_000 / unit.length)
  const fastest = Array.from({ length: 3 }, () => {
    const startedAt = performance.now()
    splitLinks(text)
    return performance.now() - startedAt
  })
  expect(Math.min(...fastest)).toBeLessThan(50)
})

test('the first page elsewhere is what a text links to', () => {
  const own = ['https://im.test']
  expect(firstPage('see https://im.test/upload/x/a.png and www.a.test, then https://b.test/', own)).toBe(
    'https://www.a.test/',
  )
  expect(firstPage('mailto:a@b.test', own)).toBeUndefined()
  expect(firstPage('https://user@evil.test/', own)).toBeUndefined()
})
