import type { ResponseOf } from '@drawbridge/contract'
import { useEffect, useRef, useState } from 'react'
import { useConsole, useMay } from '../api/console.ts'
import { suspensionCommand } from '../model/as-command.ts'
import { scopesText } from '../model/scopes.ts'
import { EMPTY_DRAFT, exemptionsFrom, quickDraft, scopesOf, suspensionFrom } from '../model/suspension-draft.ts'
import type { QuickStart, SuspensionDraft } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { ConfirmStart } from './ConfirmStart.tsx'
import type { Done } from './Emergency.tsx'
import { DraftNotice } from './DraftNotice.tsx'
import { More } from './More.tsx'
import { Guarded, Panel, ProblemBox, TextField } from './parts.tsx'
import { QUICK } from './Quick.tsx'
import { Repeat } from './Repeat.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { ExemptionFields, Preview, ReasonFields, WhatFields } from './SuspensionFields.tsx'
import { useDraft } from './use-draft.ts'
import { useAction } from './use-resource.ts'

interface Checked {
  readonly found: ResponseOf<'startSuspension'>
  readonly key: string
}

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
      const found = await call('startSuspension', { query: { dryRun: 'true' }, body: suspensionFrom(wanted) })
      setChecked({ found, key: crypto.randomUUID() })
    })
  const quick = (what: QuickStart) => {
    const wanted = quickDraft(what)
    kept.replace(wanted)
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
      kept.sent()
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
        <DraftNotice draft={kept} />
        <form
          ref={form}
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            if (!isNothing) return void check(draft)
            form.current?.querySelector('input')?.focus()
          }}
        >
          <WhatFields draft={draft} onChange={change} />
          <ReasonFields draft={draft} onChange={change} />
          <div className="fields">
            <TextField
              label={t.startAt}
              hint={t.startAtHint}
              type="datetime-local"
              value={draft.start}
              onChange={(start) => change({ start })}
            />
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
          <More summary={t.exemptTitle} isSet={exemptionsFrom(draft) !== undefined}>
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
          {!isNothing && draft.reason.trim() !== '' && (
            <Repeat
              command={suspensionCommand(suspensionFrom(draft))}
              request={{ id: 'startSuspension', body: suspensionFrom(draft) }}
            />
          )}
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
          found={checked.found}
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
