import type { Effect, SuspensionView } from '@drawbridge/contract'
import { useState } from 'react'
import { useMay } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { Applied } from './Applied.tsx'
import { Approvals } from './Approvals.tsx'
import { formatCount } from './format.ts'
import { Loaded, Moment, Panel } from './parts.tsx'
import { Playbooks } from './Playbooks.tsx'
import type { PageProps } from './Shell.tsx'
import { StartSuspension } from './StartSuspension.tsx'
import { SuspensionActions } from './SuspensionActions.tsx'
import { useResource } from './use-resource.ts'

/** How often suspensions are asked for, in milliseconds. */
const EVERY_MS = 5_000

/** What was just done, and what became of it. */
export interface Done {
  readonly text: string
  readonly effect?: Effect | undefined
}

/** What is suspended, and the way to suspend and to end it. */
export function Emergency({ status }: PageProps) {
  const { t } = useTexts()
  const isOn = useMay('policy.read')
  const suspensions = useResource('suspensions', (ask, signal) => ask('listSuspensions', { signal }), {
    everyMs: EVERY_MS,
    isOn,
  })
  const [done, setDone] = useState<Done>()
  const onDone = (what: Done) => {
    setDone(what)
    void suspensions.reload()
    void status.reload()
  }
  if (!isOn) return <p className="hint">{t.noPolicy}</p>
  return (
    <>
      <div role="status">{done && <Applied key={done.effect?.epoch} done={done} />}</div>
      <Panel title={t.suspensionsTitle} testId="suspensions">
        <Loaded resource={suspensions}>
          {({ suspensions: all }) => {
            const running = all.filter(({ state }) => state !== 'ended')
            return running.length === 0 ? (
              <p className="empty">{t.noSuspensions(all.length)}</p>
            ) : (
              <ul className="cards">
                {running.map((suspension) => (
                  <li key={suspension.id} className="item" data-testid="suspension">
                    <SuspensionFacts suspension={suspension} />
                    <SuspensionActions suspension={suspension} onDone={onDone} />
                  </li>
                ))}
              </ul>
            )
          }}
        </Loaded>
      </Panel>
      <Approvals onDone={onDone} />
      <StartSuspension onDone={onDone} />
      <Playbooks onDone={onDone} />
    </>
  )
}

function SuspensionFacts({ suspension }: { readonly suspension: SuspensionView }) {
  const { t, language } = useTexts()
  const { scopes, mode, state, isDrill, isEmergency, reason, reasons, internalReason, held } = suspension
  const { since, until, reviewAt, startedBy, approvedBy } = suspension
  return (
    <>
      <h3>
        {scopes.join(', ')} <span className="mark warning">{t.modes[mode]}</span>{' '}
        {state === 'scheduled' && <span className="mark">{t.scheduled}</span>}{' '}
        {isDrill && <span className="mark">{t.states.drill}</span>}{' '}
        {isEmergency && <span className="mark danger">{t.emergencyMark}</span>}
      </h3>
      <dl className="facts">
        <div>
          <dt>{t.reason}</dt>
          <dd dir="auto">{reasons[language] ?? reason}</dd>
        </div>
        {internalReason !== '' && (
          <div>
            <dt>{t.internalReason}</dt>
            <dd dir="auto">{internalReason}</dd>
          </div>
        )}
        <div>
          <dt>{t.since}</dt>
          <dd>
            <Moment at={since} /> · {t.by([...new Set([startedBy, ...approvedBy])].join(', '))}
          </dd>
        </div>
        <div>
          <dt>{t.until}</dt>
          <dd>{until ? <Moment at={until} /> : t.noEnd}</dd>
        </div>
        {reviewAt && (
          <div>
            <dt>{t.review}</dt>
            <dd>
              <Moment at={reviewAt} />
            </dd>
          </div>
        )}
        <div>
          <dt>{t.held}</dt>
          <dd>
            {formatCount(held.count, language)}
            {held.oldestAt && (
              <>
                {' · '}
                {t.oldest} <Moment at={held.oldestAt} />
              </>
            )}
          </dd>
        </div>
      </dl>
    </>
  )
}
