import type { Effect, NodeEffectView } from '@drawbridge/contract'

/** What a change of the rules did, as a line, and with several nodes one more for each. */
export function effectLine({ epoch, appliedMs, disconnected, notified, nodes }: Effect): string {
  // What is in force is so on one node at least.
  if (nodes.length === 0) return `would close ${disconnected} sessions here, and tell ${notified}`
  const here = `in force after ${Math.round(appliedMs)} ms, ${disconnected} sessions closed, ${notified} notified`
  return nodes.length < 2 ? here : [`${here} (epoch ${epoch})`, ...nodeLines(nodes)].join('\n')
}

const STATES = {
  applied: 'applied',
  pending: 'has not applied it yet',
  expired: 'cannot act: its lease is over',
} as const

/** One line per node: what became of a change there, and when. */
export function nodeLines(nodes: readonly NodeEffectView[]): string[] {
  return nodes.map(({ id, name, state, appliedMs, disconnected, notified }) => {
    const what =
      appliedMs === undefined
        ? STATES[state]
        : `applied after ${appliedMs} ms, ${disconnected} sessions closed, ${notified} notified`
    return `  ${name} ${id}: ${what}`
  })
}
