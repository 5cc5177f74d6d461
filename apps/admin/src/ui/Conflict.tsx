import type { ReactNode } from 'react'
import { changesOf } from '../model/audit-change.ts'
import { useTexts } from '../texts/index.ts'
import { Changes } from './Changes.tsx'
import type { Edit } from './use-edit.ts'

/** What somebody else has made of something since it was seen; undefined when they have removed it. */
export interface Conflict {
  readonly seen: object
  readonly now: object | undefined
}

/** Says what somebody else has changed meanwhile, before anybody decides whose word is to stand. */
export function ConflictNotice({
  edit: { conflict, leave },
  children,
}: {
  readonly edit: Pick<Edit, 'conflict' | 'leave'>
  /** What can be done beside pressing once more, or leaving it. */
  readonly children?: ReactNode
}) {
  const { t } = useTexts()
  if (!conflict) return null
  const { seen, now } = conflict
  return (
    <div role="alert" className="notice stack" data-testid="conflict">
      <p>{now === undefined ? t.conflictGone : t.conflict}</p>
      {now !== undefined && <Changes changes={changesOf({ before: seen, after: now })} />}
      {now !== undefined && <p>{t.pressAgain}</p>}
      <div className="button-row">
        {children}
        <button type="button" className="button small" onClick={leave}>
          {t.leaveIt}
        </button>
      </div>
    </div>
  )
}
