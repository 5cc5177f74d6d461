import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import type { Done } from './Emergency.tsx'
import { Guarded, Loaded, Panel, ProblemBox } from './parts.tsx'
import { useAction, useResource } from './use-resource.ts'

const POSTURES = ['discover', 'enforce'] as const

/** What happens to clients that nobody can name, when no rule says otherwise. */
export function Posture({ onDone }: { readonly onDone: (done: Done) => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [tag, setTag] = useState('')
  const posture = useResource('posture', (ask, signal) => ask('getClientPosture', { signal, onTag: setTag }))
  const set = (wanted: (typeof POSTURES)[number]) =>
    action.run(async () => {
      const { effect } = await call('setClientPosture', { body: { posture: wanted }, ifMatch: tag })
      onDone({ text: t.postureSet, effect })
      await posture.reload()
    })
  return (
    <Panel title={t.postureTitle} hint={t.postureHint} testId="posture">
      <Loaded resource={posture}>
        {({ posture: now }) => (
          <Guarded permission="policy.write">
            <div className="choices" role="group" aria-label={t.postureTitle}>
              {POSTURES.map((each) => (
                <button
                  key={each}
                  type="button"
                  className="button"
                  aria-pressed={each === now}
                  onClick={() => {
                    if (each !== now) void set(each)
                  }}
                  aria-disabled={action.isBusy}
                >
                  {t.postures[each]}
                </button>
              ))}
            </div>
            <p className="hint">{t.postureHints[now]}</p>
          </Guarded>
        )}
      </Loaded>
      <ProblemBox problem={action.problem} />
    </Panel>
  )
}
