import type { ResponseOf } from '@drawbridge/contract'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import type { Done } from './Emergency.tsx'
import { formatLeft } from './format.ts'
import { Guarded, Loaded, Panel, ProblemBox, useNow } from './parts.tsx'
import { SimulationResult } from './SimulationResult.tsx'
import { useEdit } from './use-edit.ts'
import { useAction, useResource } from './use-resource.ts'

/** How often it is asked for, in milliseconds: what is not confirmed goes back by itself. */
const EVERY_MS = 10_000

/** What happens to clients that nobody can name, when no rule says otherwise: to keep them out is tried and confirmed. */
export function Posture({ onDone }: { readonly onDone: (done: Done) => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const now = useNow(1_000)
  const [simulated, setSimulated] = useState<ResponseOf<'simulateClientPosture'>>()
  const posture = useResource('posture', (ask, signal) => ask('getClientPosture', { signal }), {
    everyMs: EVERY_MS,
  })
  const edit = useEdit('getClientPosture', {}, posture.value)
  const simulate = () =>
    action.run(async () => setSimulated(await call('simulateClientPosture', { body: { posture: 'enforce' } })))
  const set = (wanted: 'discover' | 'enforce', simulation?: string) =>
    edit.run(async (ifMatch) => {
      const body = { posture: wanted, ...(simulation !== undefined && { simulation }) }
      const { effect } = await call('setClientPosture', { body, ...ifMatch })
      setSimulated(undefined)
      onDone({ text: t.postureSet, effect })
      await posture.reload()
    })
  const confirm = () =>
    edit.run(async (ifMatch) => {
      const { effect } = await call('confirmClientPosture', { ...ifMatch })
      onDone({ text: t.postureSet, effect })
      await posture.reload()
    })
  return (
    <Panel title={t.postureTitle} hint={t.postureHint} testId="posture">
      <Loaded resource={posture}>
        {({ posture: is, confirmBy }) => {
          const leftMs = confirmBy === undefined ? 0 : Date.parse(confirmBy) - now
          return (
            <Guarded permission="policy.write">
              <p>
                <strong>{t.postures[is]}.</strong> {t.postureHints[is]}
              </p>
              {leftMs > 0 && (
                <p className="notice">
                  <strong className="countdown">{formatLeft(leftMs)}</strong> {t.confirmWithin} {t.confirmHow}{' '}
                  <a href="/" target="_blank" rel="noreferrer">
                    {t.openChat}
                  </a>
                </p>
              )}
              <div className="button-row">
                {leftMs > 0 && (
                  <button
                    type="button"
                    className="button primary small"
                    onClick={() => void confirm()}
                    aria-disabled={action.isBusy}
                  >
                    {t.confirm}
                  </button>
                )}
                {is === 'discover' ? (
                  <button
                    type="button"
                    className="button small"
                    onClick={() => void simulate()}
                    aria-disabled={action.isBusy}
                  >
                    {t.simulatePosture}
                  </button>
                ) : (
                  <button
                    type="button"
                    className="button small"
                    onClick={() => void set('discover')}
                    aria-disabled={action.isBusy}
                  >
                    {t.postures.discover}
                  </button>
                )}
              </div>
            </Guarded>
          )
        }}
      </Loaded>
      <ConflictNotice edit={edit} />
      <ProblemBox problem={edit.problem ?? action.problem} />
      {simulated && (
        <SimulationResult
          result={simulated}
          stages={[]}
          action="block"
          label={t.postures.enforce}
          isBusy={edit.isBusy}
          onAdd={() => void set('enforce', simulated.token)}
        />
      )}
    </Panel>
  )
}
