import { expect, test } from 'vitest'
import { parseStyling, plainText, type Block, type Span } from './styling.ts'

/** As somebody would write it down: `strong(…)`. */
const shown = (text: string) => parseStyling(text).map(showBlock).join(' | ')
const showBlock = (block: Block): string =>
  block.kind === 'code'
    ? `pre(${block.text.replaceAll('\n', '/')})`
    : block.kind === 'quote'
      ? `quote(${block.blocks.map(showBlock).join(' | ')})`
      : block.lines.map((spans) => spans.map(showSpan).join('')).join('/')
const showSpan = (span: Span): string =>
  span.style === undefined ? span.text : `${span.style}(${span.spans.map(showSpan).join('')})`

test.each([
  ['*strong*', 'strong(strong)'],
  ['plain *strong* plain', 'plain strong(strong) plain'],
  ['*strong* plain *strong*', 'strong(strong) plain strong(strong)'],
  ['*strong*plain*', 'strong(strong)plain*'],
  ['* plain *strong*', '* plain strong(strong)'],
  ['_emphasis *and strong*_', 'emphasis(emphasis strong(and strong))'],
  ['Everyone ~dis~likes cake.', 'Everyone strike(dis)likes cake.'],
  ['This is `*monospace*`', 'This is code(*monospace*)'],
  ['*`monospace and bold`*', 'strong(code(monospace and bold))'],
])('XEP-0393 §5.2: %s', (text, expected) => expect(shown(text)).toBe(expected))

test.each([
  'not strong*',
  '*not strong',
  '*not \n strong*',
  '*not *strong',
  '**',
  '****',
  '2 * 3 * 4',
  'snake_case_name',
])('XEP-0393 §5.2: nothing is styled in %j', (text) => expect(shown(text)).toBe(text.replace('\n', '/')))

test.each([
  ['```ignored\nx = 1\n  *y*\n```\nafter', 'pre(x = 1/  *y*) | after'],
  ['> ```\n> (println)\n\nplain', 'quote(pre((println))) | /plain'],
  ['>> That that is, is.\n> Said the hermit.\n\nWho?', 'quote(quote(That that is, is.) | Said the hermit.) | /Who?'],
  ['```\nnever closed', 'pre(never closed)'],
  ['answer\n> quoted', 'answer | quote(quoted)'],
])('XEP-0393 §5.1: %j', (text, expected) => expect(shown(text)).toBe(expected))

test('whoever hears a message hears no marks', () => {
  expect(plainText('*Heads up:* see `main.ts`\n> quoted\n```\ncode\n```')).toBe('Heads up: see main.ts\nquoted\ncode')
})

test('a hostile text costs no more than its length, and no more depth than is of use', () => {
  for (const text of [
    '*a '.repeat(20_000),
    '*_~`'.repeat(20_000),
    '>'.repeat(60_000),
    '*_'.repeat(20_000) + 'x' + '_*'.repeat(20_000),
  ])
    expect(plainText(text).length).toBeLessThanOrEqual(text.length)
})
