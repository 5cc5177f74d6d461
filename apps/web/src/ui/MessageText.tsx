import { memo, type ReactNode } from 'react'
import { splitLinks } from '../state/links.ts'
import { parseStyling, type Block, type Span, type Style } from '../state/styling.ts'

const ELEMENTS = { strong: 'strong', emphasis: 'em', strike: 's', code: 'code' } as const satisfies Record<
  Style,
  string
>

export interface MessageTextProps {
  readonly text: string
  readonly isUnstyled?: boolean
}

/** A message's text, styled as its author wrote it (XEP-0393), with links a person can open. Never parsed as HTML. */
export const MessageText = memo(function MessageText({ text, isUnstyled }: MessageTextProps) {
  if (!isUnstyled) return parseStyling(text).map(showBlock)
  return (
    <p className="message-text" dir="auto">
      <Linked text={text} />
    </p>
  )
})

function showBlock(block: Block, i: number): ReactNode {
  if (block.kind === 'quote') return <blockquote key={i}>{block.blocks.map(showBlock)}</blockquote>
  if (block.kind === 'code') {
    return (
      <pre key={i} className="message-code" dir="ltr">
        <code>{block.text}</code>
      </pre>
    )
  }
  return (
    <p key={i} className="message-text" dir="auto">
      {block.lines.flatMap((spans, line) => [
        line > 0 && '\n',
        ...spans.map((span, n) => showSpan(span, `${line}.${n}`)),
      ])}
    </p>
  )
}

/** The marks stay, as §6 recommends: what somebody wrote can be read and copied as it is. They are not read aloud. */
function showSpan(span: Span, key: string): ReactNode {
  if (span.style === undefined) return <Linked key={key} text={span.text} />
  const { style, mark, spans } = span
  const Element = ELEMENTS[style]
  const shownMark = (
    <span className="message-mark" aria-hidden="true">
      {mark}
    </span>
  )
  return (
    <Element key={key}>
      {shownMark}
      {style === 'code' ? textOf(spans) : spans.map((inside, n) => showSpan(inside, `${key}.${n}`))}
      {shownMark}
    </Element>
  )
}

function Linked({ text }: { readonly text: string }) {
  return splitLinks(text).map((part, i) =>
    part.kind === 'text' ? (
      part.text
    ) : (
      <a key={i} href={part.href} target="_blank" rel="noopener noreferrer" tabIndex={-1}>
        {part.text}
      </a>
    ),
  )
}

/** Nothing in code is a link. */
function textOf(spans: readonly Span[]): string {
  return spans.map((span) => (span.style === undefined ? span.text : '')).join('')
}
