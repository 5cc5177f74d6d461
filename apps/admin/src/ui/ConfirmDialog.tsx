import { Dialog } from '@drawbridge/ui'
import type { ReactNode } from 'react'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import { ProblemBox } from './parts.tsx'
import type { Edit } from './use-edit.ts'

/** Asks before something is taken away that nobody gets back by pressing a button. */
export function ConfirmDialog({
  title,
  text,
  edit,
  onConfirm,
  onClose,
  children,
}: {
  /** A question. */
  readonly title: string
  /** What the button says: what will be done. */
  readonly text: string
  readonly edit: Edit
  readonly onConfirm: () => void
  readonly onClose: () => void
  /** What comes of it. */
  readonly children: ReactNode
}) {
  const { t } = useTexts()
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <ConflictNotice edit={edit} />
      <ProblemBox problem={edit.problem} />
      <div className="button-row">
        <button type="button" className="button danger" onClick={onConfirm} aria-disabled={edit.isBusy}>
          {text}
        </button>
        <button type="button" className="button" data-autofocus onClick={onClose}>
          {t.cancel}
        </button>
      </div>
    </Dialog>
  )
}
