import type { ReactNode } from 'react'
import { changesOf } from '../model/audit-change.ts'
import { useTexts } from '../texts/index.ts'
import { Changes } from './Changes.tsx'

/** What somebody else has made of something since it was seen; undefined when they have removed it. */
export interface Conflict {
  readonly seen: object
  readonly now: object | undefined
}

/** Says what somebody else has changed meanwhile, before anybody decides whose word is to stand. */
export function ConflictNotice({
  conflict: { seen, now },
  children,
}: {
  readonly conflict: Conflict
  readonly children: ReactNode
}) {
  const { t } = useTexts()
  return (
    <div role="alert" className="notice stack" data-testid="conflict">
      <p>{now === undefined ? t.conflictGone : t.conflict}</p>
      {now !== undefined && <Changes changes={changesOf({ before: seen, after: now })} />}
      <div className="button-row">{children}</div>
    </div>
  )
}
