import { useEffect, useState } from 'react'
import { allPages } from '../api/pages.ts'
import { useMay } from '../api/console.ts'
import { attentionOf } from '../model/attention.ts'
import { liveRate, rateLine, withSample } from '../model/live-rate.ts'
import type { Sample } from '../model/live-rate.ts'
import { rateOf, rateSince } from '../model/rate.ts'
import { buildShares } from '../model/safe-builds.ts'
import { useTexts } from '../texts/index.ts'
import { formatAge, formatCount, formatRate, formatShare } from './format.ts'
import { Link, Loaded, Moment, Panel, Table, useNow } from './parts.tsx'
import { hrefOf } from './route.ts'
import type { PageProps } from './Shell.tsx'
import { Sparkline } from './Sparkline.tsx'
import { QUICK } from './StartSuspension.tsx'
import { Tile } from './Tile.tsx'
import { useResource } from './use-resource.ts'

/** How often what changes slowly is asked for, in milliseconds. */
const SLOWLY_MS = 30_000
/** And what goes through: it is written down every five seconds. */
const LIVE_MS = 5_000
/** An image that waits longer is late, in milliseconds (control §3.5). */
const LATE_MS = 30_000

/** Safe? Up? What waits for somebody? Every number leads to its rows. */
export function Overview({ status }: PageProps) {
  const { t, language } = useTexts()
  const mayStatus = useMay('status.read')
  const mayPolicy = useMay('policy.read')
  const mayWrite = useMay('policy.write')
  const maySessions = useMay('session.read')
  const now = useNow(LIVE_MS)
  const builds = useResource(
    'builds',
    async (call, signal) => {
      const [clients, { proposals }] = await Promise.all([
        allPages(async (cursor) => {
          const page = await call('listClientVersions', { query: { days: 90, cursor }, signal })
          return { items: page.clients, next: page.next }
        }),
        call('listProposals', { signal }),
      ])
      return { shares: buildShares(clients, proposals), open: proposals.filter(({ state }) => state === 'open') }
    },
    { everyMs: SLOWLY_MS, isOn: mayPolicy && maySessions },
  )
  const waiting = useResource(
    'waiting',
    async (call, signal) => {
      const [{ rules }, { requests }] = await Promise.all([
        call('listClientRules', { signal }),
        call('listApprovals', { signal }),
      ])
      return { rules, requests }
    },
    { everyMs: SLOWLY_MS, isOn: mayPolicy },
  )
  const count = (value: number) => formatCount(value, language)
  if (!mayStatus) return <p className="hint">{t.noStatus}</p>
  return (
    <>
      {mayWrite && (
        <nav className="quick" aria-label={t.quick}>
          <span>{t.inHurry}</span>
          {QUICK.map((what) => (
            <Link key={what} href={hrefOf('emergency', { suspend: what })} className="button danger-line small">
              {t.quickStarts[what]}
            </Link>
          ))}
        </nav>
      )}
      <Loaded resource={status}>
        {(value) => {
          const found = attentionOf(value, { ...waiting.value, proposals: builds.value?.open }, now)
          return (
            <Panel title={t.attentionTitle} testId="attention">
              {found.length === 0 ? (
                <p className="hint">{t.attentionNone}</p>
              ) : (
                <ol className="attention">
                  {found.map(({ kind, subject, page, view }, index) => (
                    <li key={index} data-kind={kind}>
                      <Link href={hrefOf(page, { view })}>{t.attention[kind](subject)}</Link>
                    </li>
                  ))}
                </ol>
              )}
            </Panel>
          )
        }}
      </Loaded>
      <ul className="tiles">
        <StatusTiles status={status} now={now} />
        {maySessions && <TrafficTiles />}
        {mayPolicy && maySessions && builds.value && (
          <>
            <Tile
              label={t.tileBuilds}
              value={
                builds.value.shares.total === 0 || status.value?.sessions === 0
                  ? t.tileNobody
                  : formatShare(builds.value.shares.fine / builds.value.shares.total, language)
              }
              note={t.tileBuildsNote(count(builds.value.shares.flawed), count(builds.value.shares.unknown))}
              page="clients"
              tone={builds.value.shares.flawed > 0 ? 'warning' : undefined}
            />
            <Tile
              label={t.tileAdvisories}
              value={count(builds.value.open.length)}
              note={t.tileExploited(builds.value.open.filter(({ isExploited }) => isExploited).length)}
              page="clients"
              search={{ view: 'advisories' }}
              tone={builds.value.open.length > 0 ? 'warning' : undefined}
            />
          </>
        )}
      </ul>
      {builds.problem && <Loaded resource={builds}>{() => null}</Loaded>}
      <Nodes />
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
                  <td>{detail ?? '–'}</td>
                </tr>
              ))}
            </Table>
          )}
        </Loaded>
      </Panel>
    </>
  )
}

function StatusTiles({ status: { value }, now }: PageProps & { readonly now: number }) {
  const { t, language } = useTexts()
  const count = (number: number) => formatCount(number, language)
  if (!value) return null
  const { sessions, accounts, suspensions, held, quarantine, policy, sandbox } = value
  const active = suspensions.filter(({ isDrill, state }) => !isDrill && state === 'active').length
  const others = suspensions.length - active
  const ageMs = quarantine.oldestAt === undefined ? 0 : Math.max(0, now - Date.parse(quarantine.oldestAt))
  return (
    <>
      <Tile label={t.tileSessions} value={count(sessions)} note={t.tileAccounts(count(accounts))} page="clients" />
      <Tile
        label={t.tileSuspensions}
        value={count(active)}
        note={[
          held.count === 0 ? t.tileNothingHeld : t.tileHeld(count(held.count)),
          ...(others > 0 ? [t.tileOthers(others)] : []),
        ].join(' ')}
        page="emergency"
        tone={active > 0 ? 'warning' : undefined}
      />
      <Tile
        label={t.tileQueue}
        value={count(quarantine.count)}
        note={[
          quarantine.count === 0 ? t.tileQueueEmpty : t.tileQueueAge(formatAge(ageMs, language)),
          sandbox ? t.tileLevel(sandbox.level) : t.tileNoAnswer,
        ].join(' ')}
        tone={sandbox && !sandbox.isWeak ? (ageMs > LATE_MS ? 'warning' : undefined) : 'danger'}
      />
      <Tile
        label={t.tileRules}
        value={count(policy.clientRules)}
        note={policy.isStale ? t.tileStale : t.tileEpoch(count(policy.epoch))}
        page="clients"
        search={{ view: 'rules' }}
        tone={policy.isStale ? 'danger' : undefined}
      />
    </>
  )
}

/** Messages and images per minute: of the last minute as soon as that was seen, until then of the last hours. */
function TrafficTiles() {
  const { t, language } = useTexts()
  const [since] = useState(() => rateSince(new Date()))
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const traffic = useResource(
    'traffic',
    async (call, signal) => {
      const { rows } = await call('listTrafficHours', { query: { from: since.toISOString() }, signal })
      return rows
    },
    { everyMs: LIVE_MS },
  )
  const { value, at } = traffic
  useEffect(() => {
    if (!value || at === undefined) return
    const total = { messages: 0, images: 0 }
    for (const { messages, images } of value) {
      total.messages += messages
      total.images += images
    }
    setSamples((known) => withSample(known, { at, ...total }))
  }, [value, at])
  if (!value || at === undefined) return null
  const rate = liveRate(samples) ?? rateOf(value, since, new Date(at))
  return (['messages', 'images'] as const).map((what) => (
    <Tile
      key={what}
      label={what === 'messages' ? t.tileMessages : t.tileImages}
      value={formatRate(rate[what], language)}
      note={rate.minutes === 1 ? t.tileLive : t.tileOver(rate.minutes)}
    >
      <Sparkline points={rateLine(samples, what)} />
    </Tile>
  ))
}

function Nodes() {
  const { t, language } = useTexts()
  const nodes = useResource('nodes', (call, signal) => call('listPolicyNodes', { signal }), { everyMs: SLOWLY_MS })
  const count = (value: number) => formatCount(value, language)
  return (
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
  )
}
