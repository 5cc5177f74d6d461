import { xml, type Element } from '../element.ts'
import { NS_MARKUP } from '../ns.ts'

/** Most parts of one markup; a text with more of them is not to be read. */
const MAX_PARTS = 256
const LANGUAGE = /^[\w.+#-]{1,32}$/
const STYLES = ['emphasis', 'strong', 'code', 'deleted'] as const
const BLOCKS: ReadonlySet<string> = new Set(['bcode', 'list', 'bquote'])

/** What a part is about: from the first code point to the one before `end` (XEP-0394 §4.1). */
interface Range {
  readonly start: number
  readonly end: number
}

interface Part extends Range {
  readonly isBlock: boolean
  readonly element: Element
}

/**
 * XEP-0394: leaves of the markup of a message what says how its text may be shown: parts that are known, inside of the
 * text, and not across each other (§5). It is numbers and names; there is nothing in it that could be shown itself.
 */
export function cleanMarkup(message: Element): void {
  const markups = message.getChildren('markup', NS_MARKUP)
  if (markups.length === 0) return
  const bodies = message.getChildren('body', message.getNS())
  const languages = new Set<string | undefined>()
  for (const markup of markups) {
    const language = markup.attrs['xml:lang']
    // §5: "There MUST NOT be a <markup/> element without corresponding <body/>", and one is enough for each.
    const body = languages.has(language) ? undefined : bodies.find(({ attrs }) => attrs['xml:lang'] === language)
    languages.add(language)
    const parts = body ? partsOf(markup, [...body.getText()].length) : []
    if (parts.length === 0) message.remove(markup)
    else replaceContent(markup, parts)
  }
}

function replaceContent(markup: Element, parts: readonly Part[]): void {
  const language = markup.attrs['xml:lang']
  markup.attrs = { xmlns: NS_MARKUP, ...(language === undefined ? {} : { 'xml:lang': language }) }
  markup.children = []
  markup.append(...parts.map(({ element }) => element))
}

function partsOf(markup: Element, length: number): Part[] {
  const kept: Part[] = []
  for (const child of markup.getChildElements().slice(0, MAX_PARTS)) {
    const part = child.getNS() === NS_MARKUP ? partFrom(child, length) : undefined
    if (part && !kept.some((other) => isAcross(part, other))) kept.push(part)
  }
  return kept
}

/** §5: spans do not overlap each other; a block holds others, is held by them, or has nothing to do with them. */
function isAcross(a: Part, b: Part): boolean {
  if (a.end <= b.start || b.end <= a.start) return false
  if (!a.isBlock && !b.isBlock) return true
  const holds = (outer: Part, inner: Part) => outer.isBlock && outer.start <= inner.start && inner.end <= outer.end
  return !holds(a, b) && !holds(b, a)
}

function partFrom(child: Element, length: number): Part | undefined {
  const name = child.getName()
  const start = positionIn(child.attrs['start'])
  const end = positionIn(child.attrs['end'])
  if (start === undefined || end === undefined || start >= end || end > length) return undefined
  const range = { start, end }
  const element = name === 'span' ? spanFrom(child, range) : BLOCKS.has(name) ? blockFrom(child, range) : undefined
  return element && { ...range, isBlock: name !== 'span', element }
}

function positionIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : undefined
}

/** §4.1. */
function spanFrom(span: Element, range: Range): Element | undefined {
  const styles = STYLES.filter((style) => span.getChild(style, NS_MARKUP))
  return styles.length === 0
    ? undefined
    : xml(
        'span',
        { ...range },
        styles.map((style) => xml(style)),
      )
}

/** §4.2 to §4.4. */
function blockFrom(block: Element, range: Range): Element | undefined {
  const { language, ordered } = block.attrs
  switch (block.getName()) {
    case 'bcode':
      return xml('bcode', { ...range, language: language && LANGUAGE.test(language) ? language : undefined })
    case 'list':
      return listFrom(block, range, ordered === 'true' || ordered === '1')
    default:
      return xml('bquote', { ...range })
  }
}

/** §4.3: "The first <li/> MUST have a start value equal to the start value of the <list/>". */
function listFrom(list: Element, { start, end }: Range, isOrdered: boolean): Element | undefined {
  const starts = list.getChildren('li', NS_MARKUP).map(({ attrs }) => positionIn(attrs['start']) ?? -1)
  const isInOrder = starts.every((at, i) => at < end && (i === 0 ? at === start : at > (starts[i - 1] ?? at)))
  if (starts.length === 0 || starts.length > MAX_PARTS || !isInOrder) return undefined
  return xml(
    'list',
    { start, end, ordered: isOrdered ? 'true' : undefined },
    starts.map((at) => xml('li', { start: at })),
  )
}
