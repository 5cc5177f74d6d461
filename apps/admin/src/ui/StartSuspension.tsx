import type { SuspensionImpact } from '@drawbridge/contract'
import { useEffect, useRef, useState } from 'react'
import { useConsole, useMay } from '../api/console.ts'
import { suspensionCommand } from '../model/as-command.ts'
import { scopesText } from '../model/scopes.ts'
import { EMPTY_DRAFT, QUICK_STARTS, quickDraft, scopesOf, suspensionFrom } from '../model/suspension-draft.ts'
import type { QuickStart, SuspensionDraft } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { AsCommand } from './AsCommand.tsx'
import { ConfirmStart } from './ConfirmStart.tsx'
import type { Done } from './Emergency.tsx'
import { DraftNotice } from './DraftNotice.tsx'
import { More } from './More.tsx'
import { Guarded, Panel, ProblemBox, TextField } from './parts.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { ExemptionFields, Preview, ReasonFields, WhatFields } from './SuspensionFields.tsx'
import { useDraft } from './use-draft.ts'
import { useAction } from './use-resource.ts'

interface Checked {
  readonly impact: SuspensionImpact
  readonly key: string
}

export const QUICK = Object.keys(QUICK_STARTS) as QuickStart[]

/** Draft, who is concerned, confirm: starting stays easier than ending. In a hurry the draft is there already. */
export function StartSuspension({ onDone }: { readonly onDone: (done: Done) => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const { search } = useRoute()
  const mayWrite = useMay('policy.write')
  const kept = useDraft('suspension', EMPTY_DRAFT)
  const draft = kept.value
  const [checked, setChecked] = useState<Checked>()
  const form = useRef<HTMLFormElement>(null)
  const change = (changes: Partial<SuspensionDraft>) => kept.set((known) => ({ ...known, ...changes }))
  const isNothing = scopesOf(draft).length === 0
  const check = (wanted: SuspensionDraft) =>
    action.run(async () => {
      const { impact } = await call('startSuspension', { query: { dryRun: 'true' }, body: suspensionFrom(wanted) })
      setChecked({ impact, key: crypto.randomUUID() })
    })
  const quick = (what: QuickStart) => {
    const wanted = quickDraft(what)
    kept.set(wanted)
    void check(wanted)
  }
  // A link of the overview says what: the address is then as without it, so that it is asked once.
  const asked = QUICK.find((what) => what === search.get('suspend'))
  useEffect(() => {
    if (!asked) return
    go(hrefOf('emergency'), 'replace')
    if (mayWrite) quick(asked)
  }, [asked])
  const start = (key: string) =>
    action.run(async () => {
      const { effect, request } = await call('startSuspension', { body: suspensionFrom(draft), key })
      setChecked(undefined)
      kept.discard()
      onDone({ text: request ? t.waitsForSecond : draft.isDrill ? t.drillStarted : t.started, effect })
    })
  const close = () => {
    setChecked(undefined)
    action.clear()
    form.current?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <Panel title={t.startTitle} hint={t.startHint} testId="start-suspension">
      <Guarded permission="policy.write">
        <div className="button-row" role="group" aria-label={t.quick}>
          {QUICK.map((what) => (
            <button
              key={what}
              type="button"
              className="button danger-line"
              onClick={() => quick(what)}
              aria-disabled={action.isBusy}
            >
              {t.quickStarts[what]}
            </button>
          ))}
        </div>
        <DraftNotice isRestored={kept.isRestored} />
        <form
          ref={form}
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            if (!isNothing) void check(draft)
          }}
        >
          <WhatFields draft={draft} onChange={change} />
          <ReasonFields draft={draft} onChange={change} />
          <div className="fields">
            <TextField
              label={t.until}
              hint={t.untilHint}
              type="datetime-local"
              value={draft.until}
              onChange={(until) => change({ until })}
            />
            {draft.until === '' && (
              <TextField
                label={t.review}
                hint={t.reviewHint}
                type="datetime-local"
                value={draft.reviewAt}
                onChange={(reviewAt) => change({ reviewAt })}
              />
            )}
          </div>
          <More summary={t.exemptTitle} isSet={draft.accounts + draft.rooms + draft.bots !== ''}>
            <ExemptionFields draft={draft} onChange={change} />
          </More>
          <label className="check">
            <input
              type="checkbox"
              checked={draft.isDrill}
              onChange={(event) => change({ isDrill: event.target.checked })}
            />
            {t.asDrill}
          </label>
          <Preview draft={draft} />
          {!isNothing && draft.reason.trim() !== '' && <AsCommand command={suspensionCommand(suspensionFrom(draft))} />}
          {!checked && <ProblemBox problem={action.problem} />}
          <div className="button-row">
            <button type="submit" className="button primary" aria-disabled={isNothing || action.isBusy}>
              {t.checkWho}
            </button>
            {draft !== EMPTY_DRAFT && (
              <button type="button" className="button" onClick={kept.discard}>
                {t.emptyForm}
              </button>
            )}
          </div>
          {isNothing && <p className="hint">{t.chooseScope}</p>}
        </form>
      </Guarded>
      {checked && (
        <ConfirmStart
          title={t.startQuestion(scopesText(scopesOf(draft), t))}
          impact={checked.impact}
          isDrill={draft.isDrill}
          isEmergency={draft.isEmergency}
          onEmergency={(isEmergency) => change({ isEmergency })}
          onConfirm={() => void start(checked.key)}
          onClose={close}
          action={action}
        >
          <p>
            <strong>{t.modes[draft.mode]}.</strong> {t.modeHints[draft.mode]}
          </p>
          <Preview draft={draft} />
        </ConfirmStart>
      )}
    </Panel>
  )
}
