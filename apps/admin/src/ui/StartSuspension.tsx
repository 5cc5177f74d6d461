import type { SuspensionImpact } from '@drawbridge/contract'
import { suspensionText } from '@drawbridge/contract/browser'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import {
  EMPTY_DRAFT,
  MODES,
  NARROW_SCOPES,
  publicSuspension,
  scopesOf,
  suspensionFrom,
  WHOLE_SCOPES,
} from '../model/suspension-draft.ts'
import type { SuspensionDraft } from '../model/suspension-draft.ts'
import { Dialog, LANGUAGES } from '@drawbridge/ui'
import { useTexts } from '../texts/index.ts'
import type { Language } from '@drawbridge/ui'
import type { Done } from './Emergency.tsx'
import { formatCount } from './format.ts'
import { Field, Guarded, Panel, ProblemBox } from './parts.tsx'
import { useAction } from './use-resource.ts'

/** Draft, who is concerned, confirm: starting stays easier than ending. */
export function StartSuspension({ onDone }: { readonly onDone: (done: Done) => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [draft, setDraft] = useState(EMPTY_DRAFT)
  const [checked, setChecked] = useState<{ readonly impact: SuspensionImpact; readonly key: string }>()
  const change = (changes: Partial<SuspensionDraft>) => setDraft((known) => ({ ...known, ...changes }))
  const isNothing = scopesOf(draft).length === 0
  const check = () =>
    action.run(async () => {
      const { impact } = await call('startSuspension', { query: { dryRun: 'true' }, body: suspensionFrom(draft) })
      setChecked({ impact, key: crypto.randomUUID() })
    })
  const start = (key: string) =>
    action.run(async () => {
      const { effect, request } = await call('startSuspension', { body: suspensionFrom(draft), key })
      setChecked(undefined)
      setDraft(EMPTY_DRAFT)
      onDone({ text: request ? t.waitsForSecond : t.started, effect })
    })
  return (
    <Panel title={t.startTitle} hint={t.startHint} testId="start-suspension">
      <Guarded permission="policy.write">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            if (!isNothing) void check()
          }}
        >
          <fieldset>
            <legend>{t.scope}</legend>
            <div className="checks">
              {WHOLE_SCOPES.map((scope) => (
                <label key={scope} className="check">
                  <input
                    type="checkbox"
                    checked={draft.whole.includes(scope)}
                    onChange={({ target: { checked: isChosen } }) =>
                      change({
                        whole: isChosen ? [...draft.whole, scope] : draft.whole.filter((other) => other !== scope),
                      })
                    }
                  />
                  {t.scopes[scope]}
                </label>
              ))}
            </div>
          </fieldset>
          <div className="fields">
            <Field label={t.narrowScopes} hint={t.narrowHint(NARROW_SCOPES.map((kind) => `${kind}:`).join(' '))}>
              {(ids) => (
                <input
                  {...ids}
                  spellCheck={false}
                  value={draft.narrow}
                  onChange={(event) => change({ narrow: event.target.value })}
                />
              )}
            </Field>
            <Field label={t.mode} hint={t.modeHints[draft.mode]}>
              {(ids) => (
                <select
                  {...ids}
                  value={draft.mode}
                  onChange={({ target }) => change({ mode: MODES.find((mode) => mode === target.value) ?? 'hold' })}
                >
                  {MODES.map((mode) => (
                    <option key={mode} value={mode}>
                      {t.modes[mode]}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label={t.until} hint={t.untilHint}>
              {(ids) => (
                <input
                  {...ids}
                  type="datetime-local"
                  value={draft.until}
                  onChange={(event) => change({ until: event.target.value })}
                />
              )}
            </Field>
            {draft.until === '' && (
              <Field label={t.review} hint={t.reviewHint}>
                {(ids) => (
                  <input
                    {...ids}
                    type="datetime-local"
                    value={draft.reviewAt}
                    onChange={(event) => change({ reviewAt: event.target.value })}
                  />
                )}
              </Field>
            )}
          </div>
          <Field label={t.reasonEn}>
            {(ids) => (
              <input
                {...ids}
                lang="en"
                required
                maxLength={500}
                value={draft.reason}
                onChange={(event) => change({ reason: event.target.value })}
              />
            )}
          </Field>
          <Field label={t.reasonDe}>
            {(ids) => (
              <input
                {...ids}
                lang="de"
                maxLength={500}
                value={draft.reasonDe}
                onChange={(event) => change({ reasonDe: event.target.value })}
              />
            )}
          </Field>
          <Field label={t.internalReason}>
            {(ids) => (
              <input
                {...ids}
                maxLength={2000}
                value={draft.internalReason}
                onChange={(event) => change({ internalReason: event.target.value })}
              />
            )}
          </Field>
          <div className="checks">
            <label className="check">
              <input
                type="checkbox"
                checked={draft.isDrill}
                onChange={(event) => change({ isDrill: event.target.checked })}
              />
              {t.asDrill}
            </label>
            <label className="check">
              <input
                type="checkbox"
                checked={draft.isEmergency}
                onChange={(event) => change({ isEmergency: event.target.checked })}
              />
              {t.asEmergency}
            </label>
          </div>
          <Preview draft={draft} />
          {!checked && <ProblemBox problem={action.problem} />}
          <button type="submit" className="button primary" aria-disabled={isNothing || action.isBusy}>
            {t.checkWho}
          </button>
          {isNothing && <p className="hint">{t.chooseScope}</p>}
        </form>
      </Guarded>
      {checked && (
        <ConfirmStart
          impact={checked.impact}
          draft={draft}
          onClose={() => {
            setChecked(undefined)
            action.clear()
          }}
          onConfirm={() => void start(checked.key)}
          action={action}
        />
      )}
    </Panel>
  )
}

/** The sentence that people are told, in each language, as the server says it. */
function Preview({ draft }: { readonly draft: SuspensionDraft }) {
  const { t } = useTexts()
  const [now] = useState(() => new Date())
  if (scopesOf(draft).length === 0 || draft.reason.trim() === '') return null
  const suspension = publicSuspension(draft, now)
  return (
    <div className="preview" data-testid="preview">
      <h3>{t.preview}</h3>
      {draft.isDrill ? (
        <p>{t.previewDrill}</p>
      ) : (
        Object.entries(LANGUAGES).map(([tag, name]) => (
          <div key={tag}>
            <p className="soft">{name}</p>
            <p lang={tag} className="strip">
              {suspensionText(suspension, tag as Language, now)}
            </p>
          </div>
        ))
      )}
    </div>
  )
}

function ConfirmStart({
  impact,
  draft,
  onClose,
  onConfirm,
  action,
}: {
  readonly impact: SuspensionImpact
  readonly draft: SuspensionDraft
  readonly onClose: () => void
  readonly onConfirm: () => void
  readonly action: ReturnType<typeof useAction>
}) {
  const { t, language } = useTexts()
  const count = (value: number) => formatCount(value, language)
  const { accounts, sessions, disconnected, exempt, approvals, isTwoPersonRuleActive } = impact
  const needsSecond = approvals > 1 && isTwoPersonRuleActive && !draft.isEmergency
  return (
    <Dialog title={t.startQuestion(scopesOf(draft).join(', '))} onClose={onClose}>
      <dl className="facts">
        <div>
          <dt>{t.mode}</dt>
          <dd>{t.modes[draft.mode]}</dd>
        </div>
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
      {needsSecond && <p className="notice">{t.secondNeeded}</p>}
      <ProblemBox problem={action.problem} />
      <div className="button-row">
        <button type="button" className="button danger" onClick={onConfirm} aria-disabled={action.isBusy}>
          {draft.isDrill ? t.startDrill : t.suspendPeople(accounts, count(accounts))}
        </button>
        <button type="button" className="button" onClick={onClose}>
          {t.cancel}
        </button>
      </div>
    </Dialog>
  )
}
