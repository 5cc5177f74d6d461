import { useState } from 'react'
import type { ReactNode } from 'react'

/** What few need: folded up until somebody asks for it, or something in it is set. It never folds up by itself. */
export function More({
  summary,
  isSet,
  children,
}: {
  readonly summary: string
  readonly isSet: boolean
  readonly children: ReactNode
}) {
  const [state, setState] = useState({ isSet, isOpen: isSet })
  if (state.isSet !== isSet) setState({ isSet, isOpen: state.isOpen || isSet })
  return (
    <details
      className="more"
      open={state.isOpen}
      onToggle={({ currentTarget: { open: isOpen } }) => setState((known) => ({ ...known, isOpen }))}
    >
      <summary>{summary}</summary>
      {children}
    </details>
  )
}
