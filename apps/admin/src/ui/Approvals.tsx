import type { ApprovalRequestView, BodyOf, SuspensionView } from '@drawbridge/contract'
import { useConsole } from '../api/console.ts'
import { scopesText } from '../model/scopes.ts'
import { useTexts } from '../texts/index.ts'
import { Changes } from './Changes.tsx'
import { changesOf } from '../model/audit-change.ts'
import type { Done } from './Emergency.tsx'
import { formatCount } from './format.ts'
import { ListEnd } from './ListEnd.tsx'
import { Guarded, Loaded, Moment, Panel, ProblemBox } from './parts.tsx'
import { PAGE, usePages } from './use-pages.ts'
import { useAction, useResource } from './use-resource.ts'

/** How often requests are asked for, in milliseconds. */
const EVERY_MS = 10_000

/** What waits for a second person. */
export function Approvals({
  suspensions,
  onDone,
}: {
  /** Those that requests may be about. */
  readonly suspensions: readonly SuspensionView[]
  readonly onDone: (done: Done) => void
}) {
  const { t } = useTexts()
  const { call, session } = useConsole()
  const action = useAction()
  const approvals = usePages(
    'approvals',
    async (ask, cursor, signal) => {
      const { requests: items, next } = await ask('listApprovals', { query: { cursor, limit: PAGE }, signal })
      return { items, next }
    },
    { everyMs: EVERY_MS, on: ['approvals'] },
  )
  const decide = (id: string, isApproved: boolean) =>
    action.run(async () => {
      const params = { id }
      let ifMatch = ''
      // A request never changes: it is open, or gone.
      await call('getApproval', { params, onTag: (tag) => (ifMatch = tag) })
      await call(isApproved ? 'approveRequest' : 'refuseRequest', { params, ifMatch })
      onDone({ text: isApproved ? t.approved : t.refused })
      await approvals.reload()
    })
  if (approvals.value?.length === 0) return null
  return (
    <Panel title={t.approvals} testId="approvals">
      <Loaded resource={approvals}>
        {(requests) => (
          <ul className="cards">
            {requests.map((request) => {
              const { id, action: what, target, requestedBy, requestedAt, expiresAt } = request
              const isOwn = requestedBy.split('@')[0] === session.account.name
              return (
                <li key={id} className="item">
                  <h3>{t.requests[what]}</h3>
                  <dl className="facts">
                    <Subject target={target} suspension={suspensions.find((one) => one.id === target)} />
                    <div>
                      <dt>{t.since}</dt>
                      <dd>
                        <Moment at={requestedAt} /> · {t.by(requestedBy)}
                      </dd>
                    </div>
                    <div>
                      <dt>{t.expires}</dt>
                      <dd>
                        <Moment at={expiresAt} />
                      </dd>
                    </div>
                  </dl>
                  <Wanted request={request} />
                  <Guarded permission="suspension.approve">
                    <div className="button-row">
                      {/* Nobody is the second person to themselves. */}
                      {!isOwn && (
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
                        {isOwn ? t.takeBack : t.refuse}
                      </button>
                    </div>
                  </Guarded>
                </li>
              )
            })}
          </ul>
        )}
      </Loaded>
      <ListEnd pages={approvals} />
      <ProblemBox problem={action.problem} />
    </Panel>
  )
}

/** What a request is about: a suspension in words, or a name. */
function Subject({ target, suspension }: { readonly target: string; readonly suspension: SuspensionView | undefined }) {
  const { t } = useTexts()
  if (target === '') return null
  return (
    <div>
      <dt>{t.about}</dt>
      <dd>
        {suspension ? (
          <>
            {scopesText(suspension.scopes, t)} · {t.modes[suspension.mode]} ·{' '}
            <span dir="auto">{suspension.reason}</span>
          </>
        ) : (
          target
        )}
      </dd>
    </div>
  )
}

/** What was asked for: a suspension in words and with whom it concerns, anything else field by field. */
function Wanted({ request: { action, wanted } }: { readonly request: ApprovalRequestView }) {
  const { t } = useTexts()
  if (action !== 'start-suspension') return <Changes changes={changesOf(wanted)} />
  const { scopes, mode, reason, until } = wanted as BodyOf<'startSuspension'>
  return (
    <dl className="facts">
      <div>
        <dt>{t.wanted}</dt>
        <dd>
          {scopesText(scopes, t)} · {t.modes[mode]} · <span dir="auto">{reason}</span>
        </dd>
      </div>
      <div>
        <dt>{t.until}</dt>
        <dd>{until ? <Moment at={until} /> : t.noEnd}</dd>
      </div>
      <Impact wanted={wanted as BodyOf<'startSuspension'>} />
    </dl>
  )
}

/** Whom it would concern now, measured anew: the second person decides by what is, not by what was. */
function Impact({ wanted }: { readonly wanted: BodyOf<'startSuspension'> }) {
  const { t, language } = useTexts()
  const impact = useResource(`impact ${JSON.stringify(wanted)}`, (call, signal) =>
    call('startSuspension', { query: { dryRun: 'true' }, body: wanted, signal }),
  )
  const counted = impact.value?.impact
  return (
    <div>
      <dt>{t.impactPeople}</dt>
      <dd>
        {counted
          ? t.impactCounts(formatCount(counted.accounts, language), formatCount(counted.sessions, language))
          : t.loading}
      </dd>
    </div>
  )
}
