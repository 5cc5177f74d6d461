import { useMay } from '../api/console.ts'
import { rateOf, rateSince } from '../model/rate.ts'
import { buildShares } from '../model/safe-builds.ts'
import { useTexts } from '../texts/index.ts'
import { formatCount, formatRate, formatShare } from './format.ts'
import { Link, Loaded, Moment, Panel, Table } from './parts.tsx'
import { hrefOf } from './route.ts'
import type { PageProps } from './Shell.tsx'
import { useResource } from './use-resource.ts'

/** How often what changes slowly is asked for, in milliseconds. */
const SLOWLY_MS = 30_000

/** Safe? Up? Every number leads to its rows. */
export function Overview({ status }: PageProps) {
  const { t, language } = useTexts()
  const mayStatus = useMay('status.read')
  const mayPolicy = useMay('policy.read')
  const maySessions = useMay('session.read')
  const nodes = useResource('nodes', (call, signal) => call('listPolicyNodes', { signal }), {
    everyMs: SLOWLY_MS,
    isOn: mayStatus,
  })
  const builds = useResource(
    'builds',
    async (call, signal) => {
      const [{ clients }, { proposals }] = await Promise.all([
        call('listClientVersions', { query: { days: 90 }, signal }),
        call('listProposals', { signal }),
      ])
      return {
        shares: buildShares(clients, proposals),
        open: proposals.filter(({ state }) => state === 'open'),
      }
    },
    { everyMs: SLOWLY_MS, isOn: mayPolicy && maySessions },
  )
  const traffic = useResource(
    'traffic',
    async (call, signal) => {
      const now = new Date()
      const { rows } = await call('listTrafficHours', { query: { from: rateSince(now).toISOString() }, signal })
      return rateOf(rows, now)
    },
    { everyMs: SLOWLY_MS, isOn: maySessions },
  )
  const count = (value: number) => formatCount(value, language)
  if (!mayStatus) return <p className="hint">{t.noStatus}</p>
  return (
    <>
      <Loaded resource={status}>
        {({ sessions, accounts, suspensions, held, policy, sandbox, checks }) => (
          <ul className="tiles">
            <Tile
              label={t.tileSessions}
              value={count(sessions)}
              note={t.tileAccounts(count(accounts))}
              page="clients"
            />
            <Tile
              label={t.tileSuspensions}
              value={count(suspensions.length)}
              note={held.count === 0 ? t.tileNothingHeld : t.tileHeld(count(held.count))}
              page="emergency"
              tone={suspensions.length > 0 ? 'warning' : undefined}
            />
            <Tile
              label={t.tileSanitizer}
              value={sandbox ? t.tileLevel(sandbox.level) : t.tileNoAnswer}
              note={checks.find(({ name }) => name === 'sanitizer')?.detail ?? t.tileSanitizerFine}
              tone={sandbox && !sandbox.isWeak ? undefined : 'danger'}
            />
            <Tile
              label={t.tileRules}
              value={count(policy.clientRules)}
              note={policy.isStale ? t.tileStale : t.tileEpoch(count(policy.epoch))}
              page="clients"
              search={{ view: 'rules' }}
              tone={policy.isStale ? 'danger' : undefined}
            />
          </ul>
        )}
      </Loaded>
      {maySessions && (
        <Loaded resource={traffic}>
          {({ messages, images, minutes }) => (
            <ul className="tiles">
              <Tile label={t.tileMessages} value={formatRate(messages, language)} note={t.tileOver(minutes)} />
              <Tile label={t.tileImages} value={formatRate(images, language)} note={t.tileOver(minutes)} />
            </ul>
          )}
        </Loaded>
      )}
      {mayPolicy && maySessions && (
        <Loaded resource={builds}>
          {({ shares, open }) => (
            <ul className="tiles">
              <Tile
                label={t.tileBuilds}
                value={shares.total === 0 ? t.tileNobody : formatShare(shares.fine / shares.total, language)}
                note={t.tileBuildsNote(count(shares.flawed), count(shares.unknown))}
                page="clients"
                tone={shares.flawed > 0 ? 'warning' : undefined}
              />
              <Tile
                label={t.tileAdvisories}
                value={count(open.length)}
                note={t.tileExploited(open.filter(({ isExploited }) => isExploited).length)}
                page="clients"
                search={{ view: 'advisories' }}
                tone={open.length > 0 ? 'warning' : undefined}
              />
            </ul>
          )}
        </Loaded>
      )}
      <Panel title={t.nodes}>
        <Loaded resource={nodes}>
          {({ nodes: list, epoch }) => (
            <Table caption={t.nodes} columns={[t.node, t.nodeState, t.nodeEpoch, t.seen]}>
              {list.map((node) => (
                <tr key={node.id}>
                  <th scope="row">
                    {node.name} {node.isSelf && <span className="soft">({t.nodeSelf})</span>}
                  </th>
                  <td>
                    <span className={`mark ${node.isAlive ? 'ok' : 'danger'}`}>
                      {node.isAlive ? t.nodeAlive : t.nodeGone}
                    </span>
                  </td>
                  <td>{node.epoch === epoch ? count(node.epoch) : t.nodeBehind(count(node.epoch), count(epoch))}</td>
                  <td>
                    <Moment at={node.seenAt} />
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </Loaded>
      </Panel>
      <Panel title={t.checks}>
        <Loaded resource={status}>
          {({ checks }) => (
            <Table caption={t.checks} columns={[t.check, t.nodeState, t.detail]}>
              {checks.map(({ name, isOk, detail }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <span className={`mark ${isOk ? 'ok' : 'danger'}`}>{isOk ? t.checkFine : t.checkFailed}</span>
                  </td>
                  <td>{detail}</td>
                </tr>
              ))}
            </Table>
          )}
        </Loaded>
      </Panel>
    </>
  )
}

function Tile({
  label,
  value,
  note,
  page,
  search = {},
  tone,
}: {
  readonly label: string
  readonly value: string
  readonly note: string
  readonly page?: 'clients' | 'emergency'
  readonly search?: Readonly<Record<string, string>>
  readonly tone?: 'warning' | 'danger' | undefined
}) {
  const content = (
    <>
      <span className="tile-label">{label}</span>
      <span className="tile-value">{value}</span>
      <span className="tile-note">{note}</span>
    </>
  )
  return (
    <li className="tile" data-tone={tone}>
      {page ? <Link href={hrefOf(page, search)}>{content}</Link> : <div>{content}</div>}
    </li>
  )
}
