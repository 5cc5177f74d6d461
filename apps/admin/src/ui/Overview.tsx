import { allPages } from '../api/pages.ts'
import { useMay } from '../api/console.ts'
import { attentionOf } from '../model/attention.ts'
import { buildShares } from '../model/standing.ts'
import { useTexts } from '../texts/index.ts'
import { formatCount } from './format.ts'
import { BuildTiles, StatusTiles } from './OverviewTiles.tsx'
import type { Builds } from './OverviewTiles.tsx'
import { Loaded, Moment, Panel, useNow } from './parts.tsx'
import { Table } from './Table.tsx'
import { Quick } from './Quick.tsx'
import type { PageProps } from './Shell.tsx'
import { Traffic } from './Traffic.tsx'
import { useResource } from './use-resource.ts'
import { Verdict } from './Verdict.tsx'

/** How often what changes slowly is asked for, in milliseconds. */
const SLOWLY_MS = 30_000
/** And how often ages are reckoned anew. */
const AGES_MS = 5_000

/** Safe? Up? What waits for somebody? Every number leads to its rows. */
export function Overview({ status }: PageProps) {
  const { t } = useTexts()
  const mayStatus = useMay('status.read')
  const mayPolicy = useMay('policy.read')
  const mayWrite = useMay('policy.write')
  const maySessions = useMay('session.read')
  const now = useNow(AGES_MS)
  const builds = useResource<Builds>(
    'builds',
    async (call, signal) => {
      const [clients, proposals] = await Promise.all([
        allPages(async (cursor) => {
          const query = { days: 90, live: 'true', limit: 500, cursor } as const
          const page = await call('listClientVersions', { query, signal })
          return { items: page.clients, next: page.next }
        }),
        allPages(async (cursor) => {
          const page = await call('listProposals', { query: { limit: 500, cursor }, signal })
          return { items: page.proposals, next: page.next }
        }),
      ])
      return { shares: buildShares(clients), open: proposals.filter(({ state }) => state === 'open') }
    },
    { everyMs: SLOWLY_MS, isOn: mayPolicy && maySessions, on: ['advisories', 'clients'] },
  )
  const waiting = useResource(
    'waiting',
    async (call, signal) => {
      const [{ rules }, { requests }] = await Promise.all([
        call('listClientRules', { query: { limit: 500 }, signal }),
        call('listApprovals', { query: { limit: 500 }, signal }),
      ])
      return { rules, requests }
    },
    { everyMs: SLOWLY_MS, isOn: mayPolicy, on: ['rules', 'approvals'] },
  )
  if (!mayStatus) return <p className="hint">{t.noStatus}</p>
  return (
    <>
      <Loaded resource={status}>
        {(value) => (
          <Verdict
            status={value}
            found={attentionOf(value, { ...waiting.value, proposals: builds.value?.open }, now)}
          />
        )}
      </Loaded>
      {mayWrite && <Quick />}
      <ul className="tiles">
        <StatusTiles status={status} now={now}>
          {maySessions && <Traffic />}
        </StatusTiles>
        {mayPolicy && maySessions && <BuildTiles builds={builds} sessions={status.value?.sessions} />}
      </ul>
      {builds.problem && <Loaded resource={builds}>{() => null}</Loaded>}
      <div className="side-by-side">
        <Nodes />
        <Checks status={status} />
      </div>
    </>
  )
}

function Checks({ status }: PageProps) {
  const { t } = useTexts()
  return (
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
  )
}

function Nodes() {
  const { t, language } = useTexts()
  const nodes = useResource('nodes', (call, signal) => call('listPolicyNodes', { signal }), {
    everyMs: SLOWLY_MS,
    on: ['nodes'],
  })
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
