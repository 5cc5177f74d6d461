import { useEffect, useRef } from 'react'
import { useTexts } from '../texts/index.ts'
import { formatCount } from './format.ts'
import type { Pages } from './use-pages.ts'

/** Under a list: how much of it is here, said aloud when that changes, and the way to the rest. */
export function ListEnd({ pages: { value, hasMore, isLoading, more } }: { readonly pages: Pages<unknown> }) {
  const { t, language } = useTexts()
  const said = useRef<HTMLParagraphElement>(null)
  const wasPressed = useRef(false)
  // With the last page the button goes: whoever pressed it goes on from here.
  useEffect(() => {
    if (wasPressed.current && !hasMore) said.current?.focus()
    if (!hasMore) wasPressed.current = false
  }, [hasMore])
  if (value === undefined || (value.length === 0 && !hasMore)) return null
  const count = formatCount(value.length, language)
  return (
    <div className="button-row list-end">
      <p ref={said} role="status" className="hint" tabIndex={-1} data-testid="list-end">
        {hasMore ? t.shownSoFar(count) : t.shownAll(count)}
      </p>
      {hasMore && (
        <button
          type="button"
          className="button small"
          aria-disabled={isLoading}
          onClick={() => {
            wasPressed.current = true
            if (!isLoading) void more()
          }}
        >
          {t.loadMore}
        </button>
      )}
    </div>
  )
}
