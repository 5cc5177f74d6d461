import { useLayoutEffect, useRef, useState } from 'react'
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
  const isCards = useCards(frame, columns.length)
  return (
    <div ref={frame} className="table-frame" data-cards={isCards} role="region" aria-label={caption} tabIndex={0}>
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

/** Whether a table has too little room: how much it takes depends on the language, the size of text, and what is in it. */
function useCards(frame: { readonly current: HTMLElement | null }, columns: number): boolean {
  const [isCards, setCards] = useState(false)
  const state = useRef({ isCards: false, needed: 0 })
  useLayoutEffect(() => {
    const element = frame.current
    if (!element) return undefined
    const measure = () => {
      const { scrollWidth, clientWidth } = element
      const is = state.current
      const leastWidth = columns * LEAST_COLUMN_REM * parseFloat(getComputedStyle(document.documentElement).fontSize)
      if (!is.isCards) is.needed = Math.max(leastWidth, scrollWidth > clientWidth ? scrollWidth : 0)
      is.isCards = clientWidth < is.needed
      setCards(is.isCards)
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame, columns])
  return isCards
}
