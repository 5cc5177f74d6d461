import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import type { Done } from './Emergency.tsx'
import { Guarded, Loaded, Moment, Panel, ProblemBox } from './parts.tsx'
import { useAction, useResource } from './use-resource.ts'

/** How often requests are asked for, in milliseconds. */
const EVERY_MS = 10_000

/** What waits for a second person. */
export function Approvals({ onDone }: { readonly onDone: (done: Done) => void }) {
  const { t } = useTexts()
  const { call, session } = useConsole()
  const action = useAction()
  const approvals = useResource('approvals', (ask, signal) => ask('listApprovals', { signal }), { everyMs: EVERY_MS })
  const decide = (id: string, isApproved: boolean) =>
    action.run(async () => {
      await call(isApproved ? 'approveRequest' : 'refuseRequest', { params: { id } })
      onDone({ text: isApproved ? t.approved : t.refused })
      await approvals.reload()
    })
  if (approvals.value?.requests.length === 0) return null
  return (
    <Panel title={t.approvals}>
      <Loaded resource={approvals}>
        {({ requests }) => (
          <ul className="cards">
            {requests.map(({ id, action: what, target, wanted, requestedBy, requestedAt, expiresAt }) => (
              <li key={id} className="item">
                <h3>{t.requests[what]}</h3>
                <dl className="facts">
                  <div>
                    <dt>{t.since}</dt>
                    <dd>
                      <Moment at={requestedAt} /> · {t.by(requestedBy)}
                    </dd>
                  </div>
                  <div>
                    <dt>{t.until}</dt>
                    <dd>
                      <Moment at={expiresAt} />
                    </dd>
                  </div>
                  <div>
                    <dt>{t.wanted}</dt>
                    <dd>
                      <code>
                        {target} {JSON.stringify(wanted)}
                      </code>
                    </dd>
                  </div>
                </dl>
                <Guarded permission="suspension.approve">
                  <div className="button-row">
                    {/* Nobody is the second person to themselves. */}
                    {requestedBy.split('@')[0] !== session.account.name && (
                      <button
                        type="button"
                        className="button primary small"
                        onClick={() => void decide(id, true)}
                        aria-disabled={action.isBusy}
                      >
                        {t.approve}
                      </button>
                    )}
                    <button
                      type="button"
                      className="button small"
                      onClick={() => void decide(id, false)}
                      aria-disabled={action.isBusy}
                    >
                      {t.refuse}
                    </button>
                  </div>
                </Guarded>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <ProblemBox problem={action.problem} />
    </Panel>
  )
}
