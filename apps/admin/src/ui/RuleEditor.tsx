import type { ClientRuleView, Effect, Simulation } from '@drawbridge/contract'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { ruleFrom } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import type { Work } from './Clients.tsx'
import type { Done } from './Emergency.tsx'
import { Guarded, Panel, ProblemBox } from './parts.tsx'
import { RuleFields } from './RuleFields.tsx'
import { SimulationResult } from './SimulationResult.tsx'
import { useAction } from './use-resource.ts'

/** What was simulated: it can be added as long as nothing about the rule was changed since. */
interface Simulated {
  readonly rule: string
  /** When it would do what; absent where the API would not take the rule as it is. */
  readonly stages: ClientRuleView['stages']
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
      const body = { ...rule, isShadowAccepted: true }
      const stages = result.isSelfLockOut
        ? []
        : (await call('addClientRule', { query: { dryRun: 'true' }, body })).rule.stages
      setSimulated({ rule: JSON.stringify(rule), result, stages, key: crypto.randomUUID() })
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
          <RuleFields draft={draft} onChange={change} />
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
          stages={simulated.stages}
          action={draft.action}
          isBusy={action.isBusy}
          onAdd={(isShadowAccepted) => void add(simulated, isShadowAccepted)}
        />
      )}
    </Panel>
  )
}
