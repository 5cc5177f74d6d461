import type { Effect, SuspensionView } from '@drawbridge/contract'
import { useState } from 'react'
import { useMay } from '../api/console.ts'
import { scopesText } from '../model/scopes.ts'
import { useTexts } from '../texts/index.ts'
import { Applied, InForce } from './Applied.tsx'
import { Approvals } from './Approvals.tsx'
import { Effective } from './Effective.tsx'
import { Link, Loaded, Moment, Panel, Table } from './parts.tsx'
import { Playbooks } from './Playbooks.tsx'
import { hrefOf } from './route.ts'
import type { PageProps } from './Shell.tsx'
import { StartSuspension } from './StartSuspension.tsx'
import { SuspensionActions } from './SuspensionActions.tsx'
import { SuspensionFacts } from './SuspensionFacts.tsx'
import { useResource } from './use-resource.ts'

/** How often suspensions are asked for, in milliseconds. */
const EVERY_MS = 5_000
/** So many of those that have ended are shown. */
const LISTED_ENDED = 20

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
      <div role="status">{done && <Applied key={done.effect?.epoch ?? done.text} done={done} />}</div>
      <Panel title={t.suspensionsTitle} testId="suspensions">
        <Loaded resource={suspensions}>
          {({ suspensions: all }) => {
            const shown = all.filter(needsSomebody)
            return shown.length === 0 ? (
              <p className="empty">{t.noSuspensions(all.length)}</p>
            ) : (
              <ul className="cards">
                {shown.map((suspension) => (
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
      <Approvals suspensions={suspensions.value?.suspensions ?? []} onDone={onDone} />
      <StartSuspension onDone={onDone} />
      <Playbooks onDone={onDone} />
      <Effective />
      <InForce epoch={status.value?.policy.epoch} />
      <Past suspensions={suspensions.value?.suspensions.filter(({ state }) => state === 'ended') ?? []} />
    </>
  )
}

/** It has not ended, or left messages or a review for somebody. */
function needsSomebody({ state, held, reviewDueAt, reviewedAt }: SuspensionView): boolean {
  return state !== 'ended' || held.count > 0 || (reviewDueAt !== undefined && reviewedAt === undefined)
}

/** What was suspended before, with everything on record about each. */
function Past({ suspensions }: { readonly suspensions: readonly SuspensionView[] }) {
  const { t } = useTexts()
  const mayAudit = useMay('audit.read')
  if (suspensions.length === 0) return null
  return (
    <Panel title={t.pastTitle}>
      <Table caption={t.pastTitle} columns={[t.scope, t.mode, t.since, t.endedAt, t.outcome, t.recordTitle]}>
        {suspensions
          .slice(0, LISTED_ENDED)
          .map(({ id, scopes, mode, isDrill, since, endedAt, released, discarded }) => (
            <tr key={id}>
              <th scope="row">
                {scopesText(scopes, t)} {isDrill && <span className="mark">{t.states.drill}</span>}
              </th>
              <td>{t.modes[mode]}</td>
              <td>
                <Moment at={since} />
              </td>
              <td>{endedAt ? <Moment at={endedAt} /> : '–'}</td>
              <td>{t.outcomeCounts(released, discarded)}</td>
              <td>
                {mayAudit ? (
                  <span className="button-row">
                    <Link href={hrefOf('audit', { target: id })}>{t.inAudit}</Link>
                    <a href={`/api/v1/suspensions/${id}/record`} download={`incident-${id}.json`}>
                      {t.record}
                    </a>
                  </span>
                ) : (
                  '–'
                )}
              </td>
            </tr>
          ))}
      </Table>
    </Panel>
  )
}
