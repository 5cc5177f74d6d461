import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import type { ResponseOf } from '@drawbridge/contract'
import { scopeText } from '../model/scopes.ts'
import { useTexts } from '../texts/index.ts'
import { NameField } from './NamesField.tsx'
import { Panel, ProblemBox } from './parts.tsx'
import { Table } from './Table.tsx'
import { useDraft } from './use-draft.ts'
import { useAction } from './use-resource.ts'

const EMPTY = { account: '', client: '', room: '' }

/** What somebody may do now, action by action, and which suspension makes it so. */
export function Effective() {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const { value: asked, set: setAsked } = useDraft('effective', EMPTY)
  const [actions, setActions] = useState<ResponseOf<'explainSuspensions'>['actions']>()
  const explain = () =>
    action.run(async () => {
      const named = Object.entries(asked).flatMap(([key, value]) => (value.trim() === '' ? [] : [[key, value.trim()]]))
      const answer = await call('explainSuspensions', { query: Object.fromEntries(named) })
      setActions(answer.actions)
    })
  return (
    <Panel title={t.effectiveTitle} hint={t.effectiveHint} testId="effective">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void explain()
        }}
      >
        <div className="fields">
          {(['account', 'client', 'room'] as const).map((field) => (
            <NameField
              key={field}
              label={t.effectiveFields[field]}
              kind={field === 'client' ? 'family' : field}
              value={asked[field]}
              onChange={(name) => setAsked((known) => ({ ...known, [field]: name }))}
            />
          ))}
        </div>
        <ProblemBox problem={action.problem} />
        <button type="submit" className="button" aria-disabled={action.isBusy}>
          {t.effectiveAsk}
        </button>
      </form>
      {actions && (
        <Table caption={t.effectiveTitle} columns={[t.action, t.effectiveAnswer, t.effectiveTrace]}>
          {actions.map(({ action: what, answer, trace }) => (
            <tr key={what}>
              <th scope="row">{t.explained[what]}</th>
              <td>
                <span className={`mark ${answer === 'pass' ? 'ok' : 'warning'}`}>{t.answers[answer]}</span>
              </td>
              <td>
                {trace.length === 0
                  ? '–'
                  : trace.map(({ suspension, mode, scope, isDecisive, exemption, inactive }) => (
                      <div key={`${suspension} ${scope}`}>
                        {scopeText(scope, t)} · {t.modes[mode]}
                        {isDecisive && <span className="mark">{t.decides}</span>}
                        {exemption !== undefined && ` · ${t.exemptBecause(exemption)}`}
                        {inactive !== undefined && ` · ${t.inactive[inactive]}`}
                      </div>
                    ))}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}
