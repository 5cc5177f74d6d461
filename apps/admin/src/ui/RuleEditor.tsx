import type { ClientRuleView, Simulation } from '@drawbridge/contract'
import { useEffect, useRef, useState } from 'react'
import { useConsole } from '../api/console.ts'
import { ruleCommand } from '../model/as-command.ts'
import { isBlocking, ruleFrom } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import type { Work } from './Clients.tsx'
import { ConflictNotice } from './Conflict.tsx'
import type { Done } from './Emergency.tsx'
import { DraftNotice } from './DraftNotice.tsx'
import { Guarded, Panel, ProblemBox } from './parts.tsx'
import { Waiting } from './Progress.tsx'
import { Repeat } from './Repeat.tsx'
import { RuleFields } from './RuleFields.tsx'
import { SimulationResult } from './SimulationResult.tsx'
import type { Draft } from './use-draft.ts'
import { useEdit } from './use-edit.ts'
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
  onClose,
  onDone,
}: {
  readonly work: Draft<Work>
  readonly onClose: () => void
  readonly onDone: (done: Done) => void
}) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [known, setSimulated] = useState<Simulated>()
  const [running, setRunning] = useState<{ readonly since: number; readonly stop: AbortController }>()
  const panel = useRef<HTMLDivElement>(null)
  // It is opened from a list, another page, or by a draft that was found.
  useEffect(() => panel.current?.querySelector('input')?.focus(), [])
  const { draft, proposal } = work.value
  const rule = ruleFrom(draft)
  const about = { flaw: proposal?.flaw ?? '', family: proposal?.family ?? '' }
  const decision = useEdit('getProposal', about, proposal && { proposal })
  const simulated = known?.rule === JSON.stringify(rule) ? known : undefined
  const change = (changes: Partial<RuleDraft>) =>
    work.set((before) => ({ ...before, draft: { ...before.draft, ...changes } }))
  const simulate = () =>
    action.run(async () => {
      const stop = new AbortController()
      const { signal } = stop
      setRunning({ since: Date.now(), stop })
      try {
        const result = await call('simulateClientRule', { body: rule, signal })
        const body = { ...rule, isShadowAccepted: true }
        const stages = result.isSelfLockOut
          ? []
          : ((await call('addClientRule', { query: { dryRun: 'true' }, body, signal })).rule?.stages ?? [])
        setSimulated({ rule: JSON.stringify(rule), result, stages, key: crypto.randomUUID() })
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        setRunning(undefined)
      }
    })
  const put = async ({ result, key }: Simulated, isShadowAccepted: boolean) => {
    const body = { ...rule, simulation: result.token, ...(isShadowAccepted && { isShadowAccepted }) }
    return call('addClientRule', { body, key })
  }
  const add = async (what: Simulated, isShadowAccepted: boolean) => {
    if (!proposal) {
      await action.run(async () => {
        const { effect, request } = await put(what, isShadowAccepted)
        onDone({ text: request ? t.waitsForSecond : t.ruleAdded, effect })
      })
      return
    }
    // Somebody else may have decided meanwhile: that is seen before a rule is made.
    await decision.run(async (ifMatch) => {
      const { rule: made, effect } = await put(what, isShadowAccepted)
      // What waits for somebody else decides nothing yet.
      if (!made) return onDone({ text: t.waitsForSecond })
      const reason = proposal.title.slice(0, 500) || proposal.flaw
      await call('decideProposal', { params: about, body: { decision: 'accept', reason, rule: made.id }, ...ifMatch })
      onDone({ text: t.ruleAdded, effect })
    })
  }
  return (
    <div ref={panel}>
      <Panel
        title={t.editorTitle}
        hint={proposal ? t.editorFor(proposal.flaw) : t.editorHint}
        testId="rule-editor"
        actions={
          <button type="button" className="button small" onClick={onClose}>
            {t.closeEditor}
          </button>
        }
      >
        <Guarded permission="policy.write">
          <DraftNotice draft={work} />
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault()
              void simulate()
            }}
          >
            <RuleFields draft={draft} onChange={change} />
            {rule.family !== '' && (
              <Repeat
                command={ruleCommand(rule)}
                // What blocks is taken only with what was simulated before.
                request={
                  isBlocking(rule.action) && !simulated
                    ? { id: 'simulateClientRule', body: rule }
                    : { id: 'addClientRule', body: { ...rule, simulation: simulated?.result.token } }
                }
              />
            )}
            <ProblemBox problem={action.problem} />
            {/* It stays where it is while it works, with the focus. */}
            <button
              type="submit"
              className={`button ${simulated ? '' : 'primary'}`}
              aria-disabled={action.isBusy || running !== undefined}
            >
              {t.simulate}
            </button>
            {running && <Waiting since={running.since} text={t.simulating} onStop={() => running.stop.abort()} />}
          </form>
        </Guarded>
        <ConflictNotice edit={decision} />
        <ProblemBox problem={decision.problem} />
        {known && !simulated && <p className="notice">{t.changedSince}</p>}
        {simulated && (
          <SimulationResult
            result={simulated.result}
            stages={simulated.stages}
            action={draft.action}
            isBusy={action.isBusy || decision.isBusy}
            onAdd={(isShadowAccepted) => void add(simulated, isShadowAccepted)}
          />
        )}
      </Panel>
    </div>
  )
}
