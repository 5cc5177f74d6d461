import type { ClientRuleView } from '@drawbridge/contract'
import { Dialog } from '@drawbridge/ui'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import type { Done } from './Emergency.tsx'
import { formatLeft } from './format.ts'
import { Guarded, Moment, ProblemBox, TextField, useNow } from './parts.tsx'
import { useRuleName } from './RuleFacts.tsx'
import { useDraft } from './use-draft.ts'
import { useEdit } from './use-edit.ts'

/** A countdown runs in the last hour, in milliseconds; before that there is a date. */
const SOON_MS = 3_600_000

type RuleChange = 'confirmClientRule' | 'removeClientRule' | 'releaseClientRule'

interface RuleProps {
  readonly rule: ClientRuleView
  /** Also told which rule is gone, where one is. */
  readonly onDone: (done: Done, removed?: ClientRuleView) => void
}

/** Confirming while the clock runs, guardrails, and taking back at any time; each is done to the rule that is on the screen. */
export function RuleActions({ rule, onDone }: RuleProps) {
  const { t } = useTexts()
  const { call } = useConsole()
  const now = useNow(1_000)
  const { id, confirmBy, ceiling, isGuarded, preset } = rule
  const params = { id }
  const edit = useEdit('getClientRule', params, { rule })
  const [isGuarding, setGuarding] = useState(false)
  const leftMs = confirmBy === undefined ? undefined : new Date(confirmBy).getTime() - now
  const isOpen = leftMs !== undefined && leftMs > 0
  const done = {
    confirmClientRule: t.confirmed,
    removeClientRule: t.removed,
    releaseClientRule: t.climbsAgain,
  } as const
  const run = (change: RuleChange) =>
    edit.run(async (ifMatch) => {
      const { effect } = await call(change, { params, ...ifMatch })
      onDone({ text: done[change], effect }, change === 'removeClientRule' ? rule : undefined)
    })
  // The API takes them off rules that were made in a hurry only.
  const mayGuard = !isGuarded || preset === 'emergency' || preset === 'now'
  return (
    <Guarded permission="policy.write">
      {isOpen && (
        <p className="notice" data-testid="countdown">
          {leftMs > SOON_MS ? (
            <>
              {t.confirmBy} <Moment at={confirmBy ?? ''} />
            </>
          ) : (
            <>
              <strong className="countdown">{formatLeft(leftMs)}</strong> {t.confirmWithin}
            </>
          )}{' '}
          {t.confirmHow}{' '}
          <a href="/" target="_blank" rel="noreferrer">
            {t.openChat}
          </a>
        </p>
      )}
      <ConflictNotice edit={edit} />
      <ProblemBox problem={edit.problem} />
      <div className="button-row">
        {isOpen && (
          <button
            type="button"
            className="button primary small"
            onClick={() => void run('confirmClientRule')}
            aria-disabled={edit.isBusy}
          >
            {t.confirm}
          </button>
        )}
        {ceiling && (
          <button
            type="button"
            className="button small"
            onClick={() => void run('releaseClientRule')}
            aria-disabled={edit.isBusy}
          >
            {t.letClimb}
          </button>
        )}
        {mayGuard && (
          <button type="button" className="button small" onClick={() => setGuarding(true)}>
            {isGuarded ? t.guardOff : t.guardOn}
          </button>
        )}
        <button
          type="button"
          className="button danger-line small"
          onClick={() => void run('removeClientRule')}
          aria-disabled={edit.isBusy}
        >
          {t.undo}
        </button>
      </div>
      {isGuarding && <GuardDialog rule={rule} onDone={onDone} onClose={() => setGuarding(false)} />}
    </Guarded>
  )
}

/** Takes the guardrails from a rule, which takes a second person, or gives them back. */
function GuardDialog({ rule: now, onDone, onClose }: RuleProps & { readonly onClose: () => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const nameOf = useRuleName()
  const [rule] = useState(now)
  const params = { id: rule.id }
  const edit = useEdit('getClientRule', params, { rule })
  const draft = useDraft(`guard ${rule.id}`, { reason: '' })
  const guard = () =>
    edit.run(async (ifMatch) => {
      const body = { isGuarded: !rule.isGuarded, reason: draft.value.reason.trim() }
      const { effect, request } = await call('guardClientRule', { params, body, ...ifMatch })
      draft.sent()
      onDone({ text: request ? t.waitsForSecond : t.guardChanged, effect })
      onClose()
    })
  const name = nameOf(rule)
  return (
    <Dialog title={rule.isGuarded ? t.guardOffQuestion(name) : t.guardOnQuestion(name)} onClose={onClose} isKept>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void guard()
        }}
      >
        <p className="hint">{rule.isGuarded ? t.guardOffHint : t.guardOnHint}</p>
        <TextField
          label={t.guardReason}
          isRequired
          maxLength={500}
          value={draft.value.reason}
          onChange={(reason) => draft.set({ reason })}
        />
        <ConflictNotice edit={edit} />
        <ProblemBox problem={edit.problem} />
        <button type="submit" className={`button ${rule.isGuarded ? 'danger' : 'primary'}`} aria-disabled={edit.isBusy}>
          {rule.isGuarded ? t.guardOff.replace(' …', '') : t.guardOn.replace(' …', '')}
        </button>
      </form>
    </Dialog>
  )
}
