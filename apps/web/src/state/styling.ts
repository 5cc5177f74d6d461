/** XEP-0393: Message Styling. Text in, a tree out, which is drawn as elements; nothing is ever parsed as HTML. */

export type Style = 'strong' | 'emphasis' | 'strike' | 'code'

/** Part of a line. Without a style it is text; a styled one is between two `mark`s, and only code has no parts within. */
export type Span =
  | { readonly style: undefined; readonly text: string }
  | { readonly style: Style; readonly mark: string; readonly spans: readonly Span[] }

export type Block =
  /** Lines, one below the other. */
  | { readonly kind: 'lines'; readonly lines: readonly (readonly Span[])[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }

const FENCE = '```'
const MARKS: Readonly<Record<string, Style>> = { '*': 'strong', _: 'emphasis', '~': 'strike', '`': 'code' }
/** What is deeper is text: real quotations are one or two deep. */
const MAX_DEPTH = 6

/** Blocks of a message, in their order (§5.1). Linear in the length of the text for each level of depth. */
export function parseStyling(text: string): Block[] {
  return blocksOf(text.split('\n'), 0)
}

/** The text without the marks of styles: for whoever hears it, and for a preview of one line. */
export function plainText(text: string): string {
  return parseStyling(text).map(textOfBlock).join('\n')
}

function blocksOf(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = []
  let at = 0
  const takeWhile = (fits: (line: string) => boolean) => {
    const from = at
    while (at < lines.length && fits(lines[at] as string)) at++
    return lines.slice(from, at)
  }
  const isFence = (line: string) => line.startsWith(FENCE)
  const isQuote = (line: string) => depth < MAX_DEPTH && line.startsWith('>')
  while (at < lines.length) {
    const line = lines[at] as string
    if (isFence(line)) {
      at++
      blocks.push({ kind: 'code', text: takeWhile((inside) => inside !== FENCE).join('\n') })
      at++
    } else if (isQuote(line)) {
      // "Lines inside the block quote MUST have the first leading whitespace character trimmed" (§5.1.3).
      const inside = takeWhile(isQuote).map((quoted) => quoted.slice(1).replace(/^\s/u, ''))
      blocks.push({ kind: 'quote', blocks: blocksOf(inside, depth + 1) })
    } else {
      const plain = takeWhile((next) => !isFence(next) && !isQuote(next))
      blocks.push({ kind: 'lines', lines: plain.map((next) => spansOf(next, 0)) })
    }
  }
  return blocks
}

/** §5.2: from the beginning to the end, and each span as short as it can be. */
function spansOf(line: string, depth: number): Span[] {
  const spans: Span[] = []
  /** Marks for which there is no end in the rest of the line: looking again and again would not be linear. */
  const endless = new Set<string>()
  let textFrom = 0
  for (let at = 0; at < line.length; at++) {
    const mark = line[at] as string
    const style = MARKS[mark]
    if (style === undefined || endless.has(mark) || depth >= MAX_DEPTH || !canOpen(line, at)) continue
    const end = endOf(line, at, mark)
    if (end === undefined) {
      endless.add(mark)
      continue
    }
    // Nothing between them: neither is a mark.
    if (end === at + 1) continue
    if (at > textFrom) spans.push({ style: undefined, text: line.slice(textFrom, at) })
    const inside = line.slice(at + 1, end)
    spans.push({
      style,
      mark,
      spans: style === 'code' ? [{ style: undefined, text: inside }] : spansOf(inside, depth + 1),
    })
    at = end
    textFrom = end + 1
  }
  if (textFrom < line.length) spans.push({ style: undefined, text: line.slice(textFrom) })
  return spans
}

/** At the beginning or after a space, and before something that is no space. */
function canOpen(line: string, at: number): boolean {
  const [before, after] = [line[at - 1], line[at + 1]]
  return (before === undefined || /\s/u.test(before)) && after !== undefined && !/\s/u.test(after)
}

/** Where the mark stands next that something other than a space stands before; undefined when it does not. */
function endOf(line: string, at: number, mark: string): number | undefined {
  for (let end = line.indexOf(mark, at + 1); end >= 0; end = line.indexOf(mark, end + 1)) {
    if (!/\s/u.test(line[end - 1] as string)) return end
  }
  return undefined
}

function textOfBlock(block: Block): string {
  if (block.kind === 'code') return block.text
  if (block.kind === 'quote') return block.blocks.map(textOfBlock).join('\n')
  return block.lines.map((spans) => spans.map(textOfSpan).join('')).join('\n')
}

function textOfSpan(span: Span): string {
  return span.style === undefined ? span.text : span.spans.map(textOfSpan).join('')
}
