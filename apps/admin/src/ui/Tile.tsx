import type { ReactNode } from 'react'
import { Link } from './parts.tsx'
import { hrefOf } from './route.ts'

/** One number with what it means, which leads to its rows. */
export function Tile({
  label,
  value,
  note,
  page,
  search = {},
  tone,
  children,
}: {
  readonly label: string
  readonly value: string
  readonly note: string
  readonly page?: 'clients' | 'emergency'
  readonly search?: Readonly<Record<string, string>>
  readonly tone?: 'warning' | 'danger' | undefined
  readonly children?: ReactNode
}) {
  const content = (
    <>
      <span className="tile-label">{label}</span>
      <span className="tile-value">{value}</span>
      <span className="tile-note">{note}</span>
      {children}
    </>
  )
  return (
    <li className="tile" data-tone={tone}>
      {page ? <Link href={hrefOf(page, search)}>{content}</Link> : <div>{content}</div>}
    </li>
  )
}
