import type { NameWarning, SuspensionImpact } from '@drawbridge/contract'
import { Dialog } from '@drawbridge/ui'
import type { ReactNode } from 'react'
import { useTexts } from '../texts/index.ts'
import { formatCount } from './format.ts'
import { ProblemBox } from './parts.tsx'
import type { Action } from './use-resource.ts'

/** What is about to start, whom it concerns, and the button that makes it so. */
export function ConfirmStart({
  title,
  found: { impact, warnings = [] },
  isDrill,
  isEmergency,
  onEmergency,
  onConfirm,
  onClose,
  action,
  children,
}: {
  readonly title: string
  /** What a dry run has answered. */
  readonly found: { readonly impact: SuspensionImpact; readonly warnings?: readonly NameWarning[] | undefined }
  readonly isDrill: boolean
  readonly isEmergency: boolean
  /** Starting alone what takes two, for an hour at most. */
  readonly onEmergency: (isEmergency: boolean) => void
  readonly onConfirm: () => void
  readonly onClose: () => void
  readonly action: Action
  readonly children: ReactNode
}) {
  const { t, language } = useTexts()
  const count = (value: number) => formatCount(value, language)
  const { accounts, sessions, disconnected, exempt, approvals, isTwoPersonRuleActive } = impact
  const takesTwo = approvals > 1 && isTwoPersonRuleActive && !isDrill
  const label = isDrill
    ? t.startDrill
    : takesTwo && !isEmergency
      ? t.askSecond
      : accounts === 0
        ? t.suspendNobody
        : t.suspendPeople(accounts, count(accounts))
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <dl className="facts">
        <div>
          <dt>{t.impactPeople}</dt>
          <dd>{t.impactCounts(count(accounts), count(sessions))}</dd>
        </div>
        <div>
          <dt>{t.impactClosed}</dt>
          <dd>{count(disconnected)}</dd>
        </div>
        <div>
          <dt>{t.impactExempt}</dt>
          <dd>{count(exempt)}</dd>
        </div>
      </dl>
      {warnings.map(({ about, name, near }) => (
        <p key={`${about} ${name}`} className="notice">
          {t.nameMissing[about](name)} {near !== undefined && t.didYouMean(near)}
        </p>
      ))}
      {accounts === 0 && <p className="notice">{t.impactNobody}</p>}
      {takesTwo && (
        <>
          {!isEmergency && <p className="notice">{t.secondNeeded}</p>}
          <label className="check">
            <input type="checkbox" checked={isEmergency} onChange={(event) => onEmergency(event.target.checked)} />
            {t.asEmergency}
          </label>
        </>
      )}
      <ProblemBox problem={action.problem} />
      <div className="button-row">
        <button
          type="button"
          className={`button ${isDrill ? 'primary' : 'danger'}`}
          data-autofocus
          // Enter that is held down from the link before must not confirm.
          onKeyDown={(event) => {
            if (event.repeat) event.preventDefault()
          }}
          onClick={onConfirm}
          aria-disabled={action.isBusy}
        >
          {label}
        </button>
        <button type="button" className="button" onClick={onClose}>
          {t.changeFirst}
        </button>
      </div>
    </Dialog>
  )
}
