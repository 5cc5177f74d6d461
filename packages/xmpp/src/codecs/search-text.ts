import type { Element } from '../element.ts'
import { NS_FALLBACK } from '../ns.ts'

/** How much of a message can be found, and how much of a query is looked at; in UTF-16 code units. */
const MAX_TEXT = 32_768

/** What a message says in its own words. */
export interface SearchText {
  readonly words: string
  /** xml:lang, if given. */
  readonly language: string | undefined
}

/**
 * What full-text search finds a message by: its subject and text without what is there for old clients only (XEP-0428),
 * such as the text that a reply quotes, which is another message's, maybe a retracted one's.
 */
export function findSearchText(message: Element): SearchText | undefined {
  const fallbacks = message.getChildren('fallback', NS_FALLBACK)
  let words = ''
  let language: string | undefined
  for (const name of ['subject', 'body'] as const) {
    for (const element of message.getChildren(name, message.getNS())) {
      const own = withoutFallback(element.getText(), name, fallbacks).trim()
      if (own === '') continue
      words += words === '' ? own : `\n${own}`
      language ??= element.attrs['xml:lang']
    }
  }
  return words === '' ? undefined : { words: foldText(words), language: language ?? message.attrs['xml:lang'] }
}

/** XEP-0428 §2: `<body start='' end=''/>` in code points; without them, and without children, all of it. */
function withoutFallback(text: string, name: 'subject' | 'body', fallbacks: readonly Element[]): string {
  if (fallbacks.length === 0) return text
  const ranges: (readonly [start: number, end: number])[] = []
  for (const fallback of fallbacks) {
    const parts = fallback.getChildElements()
    if (parts.length === 0) return ''
    for (const { attrs } of parts.filter((part) => part.getName() === name)) {
      if (attrs['start'] === undefined && attrs['end'] === undefined) return ''
      ranges.push([Number(attrs['start'] ?? 0), Number(attrs['end'] ?? Infinity)])
    }
  }
  if (ranges.length === 0) return text
  return [...text].filter((_, at) => !ranges.some(([start, end]) => at >= start && at < end)).join('')
}

const ASCII = /^[\0-\x7f]*$/
// Written without spaces between words: each character is looked for as a word of its own.
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu

/** Makes texts and queries alike: compatibility forms and accents do not count. PostgreSQL folds the case. */
export function foldText(text: string): string {
  if (ASCII.test(text)) return text.slice(0, MAX_TEXT)
  const folded = text
    .slice(0, MAX_TEXT)
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .replaceAll(UNSPACED, ' $& ')
  return folded.slice(0, MAX_TEXT).toWellFormed()
}
