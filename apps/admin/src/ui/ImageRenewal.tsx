import type { ImageRenewalView } from '@drawbridge/contract'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import { formatCount, formatShare } from './format.ts'
import { Fact, Guarded, Loaded, Moment, Panel, ProblemBox } from './parts.tsx'
import { useEdit } from './use-edit.ts'
import { useAction, useResource } from './use-resource.ts'

/** How often it is asked how far it is, in milliseconds. */
const EVERY_MS = 2_000

/** Makes every stored image anew with the encoders of today, and says how far that is. */
export function ImageRenewal() {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [isEverything, setEverything] = useState(false)
  const renewal = useResource('image renewal', (ask, signal) => ask('getImageRenewal', { signal }), {
    everyMs: EVERY_MS,
  })
  const edit = useEdit('getImageRenewal', {}, renewal.value)
  const isRunning = renewal.value?.renewal?.state === 'running'
  const start = () =>
    action.run(async () => {
      await call('startImageRenewal', { body: { isEverything }, key: crypto.randomUUID() })
      await renewal.reload()
    })
  const stop = () =>
    edit.run(async (ifMatch) => {
      await call('stopImageRenewal', { ...ifMatch })
      await renewal.reload()
    })
  return (
    <Panel title={t.renewalTitle} hint={t.renewalHint} testId="image-renewal">
      <Loaded resource={renewal}>
        {({ renewal: is }) => (is ? <Progress renewal={is} /> : <p className="empty">{t.renewalNever}</p>)}
      </Loaded>
      <Guarded permission="policy.write">
        <ConflictNotice edit={edit} />
        <ProblemBox problem={edit.problem ?? action.problem} />
        {isRunning ? (
          <div className="button-row">
            <button
              type="button"
              className="button danger-line"
              onClick={() => void stop()}
              aria-disabled={edit.isBusy}
            >
              {t.renewalStop}
            </button>
          </div>
        ) : (
          <>
            <label className="check">
              <input type="checkbox" checked={isEverything} onChange={({ target }) => setEverything(target.checked)} />
              <span>
                {t.renewalEverything} <small>{t.renewalEverythingHint}</small>
              </span>
            </label>
            <div className="button-row">
              <button
                type="button"
                className="button primary"
                onClick={() => void start()}
                aria-disabled={action.isBusy}
              >
                {t.renewalStart}
              </button>
            </div>
          </>
        )}
      </Guarded>
    </Panel>
  )
}

function Progress({ renewal }: { readonly renewal: ImageRenewalView }) {
  const { t, language } = useTexts()
  const count = (value: number) => formatCount(value, language)
  const { state, startedBy, startedAt, endedAt, total, renewed, kept, failed } = renewal
  const done = renewed + kept + failed
  // Some are found on the way.
  const all = Math.max(total, done)
  const share = all === 0 ? (state === 'running' ? 0 : 1) : done / all
  return (
    <div className="stack" data-state={state}>
      <p>
        <strong>{t.renewalStates[state]}</strong>{' '}
        <span className="soft">{t.renewalProgress(count(done), count(all), formatShare(share, language))}</span>
      </p>
      <progress aria-label={t.renewalTitle} max={1} value={share} />
      {/* Said when it ends, and not at every image. */}
      <span role="status" className="visually-hidden">
        {t.renewalStates[state]}
      </span>
      <dl className="facts">
        <Fact label={t.renewalMade}>{count(renewed)}</Fact>
        <Fact label={t.renewalKept}>{count(kept)}</Fact>
        <Fact label={t.renewalFailed}>
          {failed === 0 ? count(failed) : <span className="mark danger">{count(failed)}</span>}
        </Fact>
        <Fact label={t.since}>
          <Moment at={startedAt} /> · {t.by(startedBy)}
        </Fact>
        {endedAt && (
          <Fact label={t.endedAt}>
            <Moment at={endedAt} />
          </Fact>
        )}
      </dl>
    </div>
  )
}
