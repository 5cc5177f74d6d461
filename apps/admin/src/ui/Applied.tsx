import { useEffect, useRef } from 'react'
import { useTexts } from '../texts/index.ts'
import type { Done } from './Emergency.tsx'
import { formatCount } from './format.ts'
import { Table } from './parts.tsx'
import { useResource } from './use-resource.ts'

/** How often nodes that have not yet answered are asked about, in milliseconds. */
const EVERY_MS = 1_000

/** What was done, and when each node applied it. */
export function Applied({ done: { text, effect } }: { readonly done: Done }) {
  const { t, language } = useTexts()
  const isPending = effect?.nodes.some(({ state }) => state === 'pending') ?? false
  const epoch = useResource(
    `epoch ${effect?.epoch}`,
    (call, signal) => call('getPolicyEpoch', { params: { epoch: String(effect?.epoch) }, signal }),
    { isOn: isPending, everyMs: EVERY_MS },
  )
  const nodes = epoch.value?.nodes ?? effect?.nodes ?? []
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
      {nodes.length > 0 && (
        <Table caption={t.appliedByNode} columns={[t.node, t.nodeState, t.after, t.disconnected]}>
          {nodes.map((node) => (
            <tr key={node.id}>
              <th scope="row">{node.name}</th>
              <td>{t.nodeStates[node.state]}</td>
              <td>{node.appliedMs === undefined ? '–' : `${Math.round(node.appliedMs)} ms`}</td>
              <td>{formatCount(node.disconnected, language)}</td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  )
}
