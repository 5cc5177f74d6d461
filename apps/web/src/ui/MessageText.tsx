import { memo } from 'react'
import { splitLinks } from '../state/links.ts'

/** A message's text: always text, with links a person can open. Never parsed as HTML. */
export const MessageText = memo(function MessageText({ text }: { readonly text: string }) {
  return (
    <p className="message-text" dir="auto">
      {splitLinks(text).map((part, i) =>
        part.kind === 'text' ? (
          part.text
        ) : (
          <a key={i} href={part.href} target="_blank" rel="noopener noreferrer" tabIndex={-1}>
            {part.text}
          </a>
        ),
      )}
    </p>
  )
})
