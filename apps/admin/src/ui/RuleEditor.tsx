import type { ClientRuleView, Effect, Simulation } from '@drawbridge/contract'
import { IMAGE_FORMATS } from '@drawbridge/contract/browser'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { ACTIONS, PRESETS, ruleFrom } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import type { Work } from './Clients.tsx'
import type { Done } from './Emergency.tsx'
import { Field, Guarded, Panel, ProblemBox } from './parts.tsx'
import { SimulationResult } from './SimulationResult.tsx'
import { useAction } from './use-resource.ts'

/** What was simulated: it can be added as long as nothing about the rule was changed since. */
interface Simulated {
  readonly rule: string
  readonly result: Simulation
  readonly key: string
}

/** Draft, whom it hits, add. */
export function RuleEditor({
  work,
  onWork,
  onDone,
}: {
  readonly work: Work
  readonly onWork: (work: Work) => void
  readonly onDone: (done: Done) => void
}) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [known, setSimulated] = useState<Simulated>()
  const { draft, proposal } = work
  const rule = ruleFrom(draft)
  const simulated = known?.rule === JSON.stringify(rule) ? known : undefined
  const change = (changes: Partial<RuleDraft>) => onWork({ ...work, draft: { ...draft, ...changes } })
  const simulate = () =>
    action.run(async () => {
      const result = await call('simulateClientRule', { body: rule })
      setSimulated({ rule: JSON.stringify(rule), result, key: crypto.randomUUID() })
    })
  const add = ({ result, key }: Simulated, isShadowAccepted: boolean) =>
    action.run(async () => {
      const body = { ...rule, simulation: result.token, ...(isShadowAccepted && { isShadowAccepted }) }
      const added: { rule: ClientRuleView; effect: Effect } = await call('addClientRule', { body, key })
      if (proposal) {
        await call('decideProposal', {
          params: { flaw: proposal.flaw, family: proposal.family },
          body: { decision: 'accept', reason: proposal.title.slice(0, 500) || proposal.flaw, rule: added.rule.id },
        })
      }
      setSimulated(undefined)
      onDone({ text: t.ruleAdded, effect: added.effect })
    })
  return (
    <Panel title={t.editorTitle} hint={proposal ? t.editorFor(proposal.flaw) : t.editorHint} testId="rule-editor">
      <Guarded permission="policy.write">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void simulate()
          }}
        >
          <div className="fields">
            <Field label={t.family} hint={t.familyHint}>
              {(ids) => (
                <input
                  {...ids}
                  required
                  spellCheck={false}
                  autoCapitalize="none"
                  value={draft.family}
                  onChange={(event) => change({ family: event.target.value })}
                />
              )}
            </Field>
            <Field label={t.from} hint={t.fromHint}>
              {(ids) => (
                <input {...ids} value={draft.from} onChange={(event) => change({ from: event.target.value })} />
              )}
            </Field>
            <Field label={t.below} hint={t.belowHint}>
              {(ids) => (
                <input {...ids} value={draft.below} onChange={(event) => change({ below: event.target.value })} />
              )}
            </Field>
            <Field label={t.action}>
              {(ids) => (
                <select
                  {...ids}
                  value={draft.action}
                  onChange={({ target }) =>
                    change({ action: ACTIONS.find((each) => each === target.value) ?? 'observe' })
                  }
                >
                  {ACTIONS.map((each) => (
                    <option key={each} value={each}>
                      {t.actions[each]}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label={t.preset} hint={t.presetHints[draft.preset]}>
              {(ids) => (
                <select
                  {...ids}
                  value={draft.preset}
                  onChange={({ target }) =>
                    change({ preset: PRESETS.find((each) => each === target.value) ?? 'routine' })
                  }
                >
                  {PRESETS.map((each) => (
                    <option key={each} value={each}>
                      {t.presets[each]}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label={t.deadline} hint={t.deadlineHint}>
              {(ids) => (
                <input
                  {...ids}
                  type="datetime-local"
                  value={draft.deadline}
                  onChange={(event) => change({ deadline: event.target.value })}
                />
              )}
            </Field>
            <Field label={t.units} hint={t.listHint}>
              {(ids) => (
                <input {...ids} value={draft.units} onChange={(event) => change({ units: event.target.value })} />
              )}
            </Field>
            <Field label={t.networks} hint={t.networksHint}>
              {(ids) => (
                <input
                  {...ids}
                  spellCheck={false}
                  value={draft.networks}
                  onChange={(event) => change({ networks: event.target.value })}
                />
              )}
            </Field>
            <Field label={t.url} hint={t.urlHint}>
              {(ids) => (
                <input
                  {...ids}
                  type="url"
                  value={draft.url}
                  onChange={(event) => change({ url: event.target.value })}
                />
              )}
            </Field>
          </div>
          <fieldset>
            <legend>{t.formatsLegend}</legend>
            <div className="checks">
              {IMAGE_FORMATS.map((format) => (
                <label key={format} className="check">
                  <input
                    type="checkbox"
                    checked={draft.formats.includes(format)}
                    onChange={({ target }) =>
                      change({
                        formats: target.checked
                          ? [...draft.formats, format]
                          : draft.formats.filter((other) => other !== format),
                      })
                    }
                  />
                  {format.toUpperCase()}
                </label>
              ))}
            </div>
          </fieldset>
          <ProblemBox problem={action.problem} />
          <button type="submit" className="button" aria-disabled={action.isBusy}>
            {t.simulate}
          </button>
        </form>
      </Guarded>
      {known && !simulated && <p className="notice">{t.changedSince}</p>}
      {simulated && (
        <SimulationResult
          result={simulated.result}
          action={draft.action}
          isBusy={action.isBusy}
          onAdd={(isShadowAccepted) => void add(simulated, isShadowAccepted)}
        />
      )}
    </Panel>
  )
}
