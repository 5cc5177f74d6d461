import type { Effect } from '@drawbridge/contract'
import { useEffect, useRef, useState } from 'react'
import { useMay } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import type { Done } from './Emergency.tsx'
import { formatCount } from './format.ts'
import { Loaded, Moment, Panel } from './parts.tsx'
import { Table } from './Table.tsx'
import { useResource } from './use-resource.ts'

/** How often nodes that have not yet answered are asked about, in milliseconds. */
const EVERY_MS = 1_000
const REST_MS = 10_000

/** What was done, and when each node applied it. */
export function Applied({ done: { text, effect } }: { readonly done: Done }) {
  const { t, language } = useTexts()
  const isPending = effect?.nodes.some(({ state }) => state === 'pending') ?? false
  const epoch = useResource(
    `epoch ${effect?.epoch}`,
    (call, signal) => call('getPolicyEpoch', { params: { epoch: String(effect?.epoch) }, signal }),
    { isOn: isPending, everyMs: EVERY_MS, on: ['nodes'] },
  )
  const nodes = epoch.value?.appliedBy ?? effect?.nodes ?? []
  const box = useRef<HTMLDivElement>(null)
  // What was pressed may be far below. The focus stays there; this is read out, being a status.
  // Newer browsers answer with a promise, which an effect may not return.
  useEffect(() => {
    box.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  return (
    <div className="notice good stack" data-testid="applied" ref={box}>
      <p>{text}</p>
      {effect && (
        <p>
          {t.effectText(
            Math.round(effect.appliedMs),
            formatCount(effect.disconnected, language),
            formatCount(effect.notified, language),
          )}
        </p>
      )}
      <Nodes nodes={nodes} />
    </div>
  )
}

/** Which node applied the last change of a suspension when: a line, live while it takes hold, and a table behind it. */
export function AppliedTo({ epoch }: { readonly epoch: number }) {
  const { t, language } = useTexts()
  const [isSettled, setSettled] = useState(false)
  const change = useResource(
    `change ${epoch}`,
    async (call, signal) => {
      const found = await call('getPolicyEpoch', { params: { epoch: String(epoch) }, signal })
      setSettled(found.appliedBy.every(({ state }) => state !== 'pending'))
      return found
    },
    { everyMs: isSettled ? REST_MS : EVERY_MS, on: ['nodes'] },
  )
  const nodes = change.value?.appliedBy ?? []
  const applied = nodes.filter(({ state }) => state === 'applied' || state === 'joined')
  const slowestMs = Math.max(0, ...nodes.map(({ appliedMs }) => appliedMs ?? 0))
  if (nodes.length === 0) return null
  return (
    <details data-testid="applied-to">
      <summary>
        {t.appliedTo(
          formatCount(applied.length, language),
          formatCount(nodes.length, language),
          formatCount(Math.round(slowestMs), language),
        )}{' '}
        {applied.length < nodes.length && <span className="mark danger">{t.notEverywhere}</span>}
      </summary>
      <Nodes nodes={nodes} />
    </details>
  )
}

/** The rules in force, and when each node applied them: also for those who did not change them. */
export function InForce({ epoch }: { readonly epoch: number | undefined }) {
  const { t, language } = useTexts()
  const isOn = useMay('policy.read') && epoch !== undefined && epoch > 0
  const applied = useResource(
    `in force ${epoch}`,
    (call, signal) => call('getPolicyEpoch', { params: { epoch: String(epoch) }, signal }),
    { isOn, everyMs: REST_MS, on: ['nodes'] },
  )
  if (!isOn) return null
  return (
    <Panel title={t.inForceTitle} hint={t.inForceHint}>
      <Loaded resource={applied}>
        {({ epoch: of, committedAt, appliedBy }) => (
          <>
            <p>
              {t.tileEpoch(formatCount(of, language))} · <Moment at={committedAt} />
            </p>
            <Nodes nodes={appliedBy} />
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function Nodes({ nodes }: { readonly nodes: Effect['nodes'] }) {
  const { t, language } = useTexts()
  if (nodes.length === 0) return null
  return (
    <Table caption={t.appliedByNode} columns={[t.node, t.nodeState, t.appliedAt, t.after, t.disconnected]}>
      {nodes.map((node) => (
        <tr key={node.id}>
          <th scope="row">{node.name}</th>
          <td>
            {t.nodeStates[node.state]}
            {node.lapsedAt && node.appliedAt && (
              <>
                {' · '}
                {t.refusedUntilThen} <Moment at={node.lapsedAt} />
              </>
            )}
            {node.failedClosedAt && (
              <>
                {' · '}
                {t.refusesSince} <Moment at={node.failedClosedAt} />
              </>
            )}
          </td>
          <td>{node.appliedAt ? <Moment at={node.appliedAt} /> : '–'}</td>
          <td className="count">{node.appliedMs === undefined ? '–' : `${Math.round(node.appliedMs)} ms`}</td>
          <td className="count">{formatCount(node.disconnected, language)}</td>
        </tr>
      ))}
    </Table>
  )
}
