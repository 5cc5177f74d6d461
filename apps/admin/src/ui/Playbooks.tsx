import type { PlaybookView, SuspensionImpact } from '@drawbridge/contract'
import { Dialog } from '@drawbridge/ui'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import type { Done } from './Emergency.tsx'
import { formatCount } from './format.ts'
import { Guarded, Loaded, Panel, ProblemBox } from './parts.tsx'
import { useAction, useResource } from './use-resource.ts'

interface Checked {
  readonly playbook: PlaybookView
  readonly impact: SuspensionImpact
  readonly key: string
  readonly isDrill: boolean
}

/** What is kept ready: scopes, rules, texts and whom to tell, started in one action. */
export function Playbooks({ onDone }: { readonly onDone: (done: Done) => void }) {
  const { t, language } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const playbooks = useResource('playbooks', (ask, signal) => ask('listPlaybooks', { signal }))
  const [checked, setChecked] = useState<Checked>()
  const check = (playbook: PlaybookView, isDrill: boolean) =>
    action.run(async () => {
      const params = { name: playbook.name }
      const { impact } = await call('startPlaybook', { params, query: { dryRun: 'true' }, body: { isDrill } })
      setChecked({ playbook, impact, isDrill, key: crypto.randomUUID() })
    })
  const start = ({ playbook, isDrill, key }: Checked) =>
    action.run(async () => {
      const params = { name: playbook.name }
      const { effect, request } = await call('startPlaybook', { params, body: { isDrill }, key })
      setChecked(undefined)
      onDone({ text: request ? t.waitsForSecond : t.started, effect })
    })
  return (
    <Panel title={t.playbooks}>
      <Loaded resource={playbooks}>
        {({ playbooks: list }) =>
          list.length === 0 ? (
            <p className="empty">
              {t.noPlaybooks} <code>drawbridge playbook</code>
            </p>
          ) : (
            <ul className="cards">
              {list.map((playbook) => (
                <li key={playbook.name} className="item">
                  <h3>{playbook.name}</h3>
                  {playbook.description && <p>{playbook.description}</p>}
                  <ul className="steps">
                    {playbook.steps.map(({ scopes, mode }) => (
                      <li key={scopes.join()}>
                        {scopes.join(', ')} <span className="mark warning">{t.modes[mode]}</span>
                      </li>
                    ))}
                  </ul>
                  <Guarded permission="policy.write">
                    <div className="button-row">
                      <button type="button" className="button small" onClick={() => void check(playbook, false)}>
                        {t.start}
                      </button>
                      <button type="button" className="button small" onClick={() => void check(playbook, true)}>
                        {t.startDrill}
                      </button>
                    </div>
                  </Guarded>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {!checked && <ProblemBox problem={action.problem} />}
      {checked && (
        <Dialog title={t.startQuestion(checked.playbook.name)} onClose={() => setChecked(undefined)}>
          <p>
            {t.impactCounts(
              formatCount(checked.impact.accounts, language),
              formatCount(checked.impact.sessions, language),
            )}
          </p>
          <p dir="auto">{checked.playbook.reasons?.[language] ?? checked.playbook.reason}</p>
          <ProblemBox problem={action.problem} />
          <div className="button-row">
            <button
              type="button"
              className="button danger"
              onClick={() => void start(checked)}
              aria-disabled={action.isBusy}
            >
              {checked.isDrill
                ? t.startDrill
                : t.suspendPeople(checked.impact.accounts, formatCount(checked.impact.accounts, language))}
            </button>
          </div>
        </Dialog>
      )}
    </Panel>
  )
}
