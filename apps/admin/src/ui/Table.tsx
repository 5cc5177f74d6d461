import { useCallback, useLayoutEffect, useRef } from 'react'
import type { ReactNode } from 'react'

/** A column that is narrower than this says one word a line, in widths of the root's text. */
const LEAST_COLUMN_REM = 5.75

/**
 * A table that scrolls within itself, by keyboard, too. Where its columns have no room each row is a list of its own, with
 * the names of the columns before what is in them.
 */
export function Table({
  caption,
  columns,
  children,
}: {
  readonly caption: string
  readonly columns: readonly string[]
  readonly children: ReactNode
}) {
  const labels = Object.fromEntries(columns.map((column, index) => [`--column-${index + 1}`, JSON.stringify(column)]))
  const frame = useRef<HTMLDivElement>(null)
  useCards(frame, columns.length)
  return (
    <div ref={frame} className="table-frame" role="region" aria-label={caption} tabIndex={0}>
      <table style={labels}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

/**
 * Marks a table that has too little room: how much it takes depends on the language, the size of text, and what is in it, so
 * that it is measured as a table each time.
 */
function useCards(frame: { readonly current: HTMLElement | null }, columns: number): void {
  const measure = useCallback(() => {
    const element = frame.current
    if (!element) return
    element.dataset['cards'] = 'false'
    const { scrollWidth, clientWidth } = element
    const textPx = parseFloat(getComputedStyle(document.documentElement).fontSize)
    element.dataset['cards'] = String(clientWidth < Math.max(scrollWidth, columns * LEAST_COLUMN_REM * textPx))
  }, [frame, columns])
  // Another language, or other rows, in the same room.
  useLayoutEffect(measure)
  useLayoutEffect(() => {
    const element = frame.current
    if (!element) return undefined
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame, measure])
}
