import type { Effect, NodeEffectView } from '@drawbridge/contract'

/** What a change of the rules did, as a line, and with several nodes one more for each. */
export function effectLine({ epoch, appliedMs, disconnected, notified, closes = [], nodes }: Effect): string {
  // What is in force is so on one node at least.
  if (nodes.length === 0) {
    const would = `would close ${disconnected} sessions here, and tell ${notified}`
    return [would, ...closes.map((jid) => `  ${jid}`)].join('\n')
  }
  const here = `in force after ${Math.round(appliedMs)} ms, ${disconnected} sessions closed, ${notified} notified`
  return nodes.length < 2 ? here : [`${here} (epoch ${epoch})`, ...nodeLines(nodes)].join('\n')
}

const STATES = {
  applied: 'applied it',
  pending: 'has not applied it yet',
  joined: 'started later, and began with it',
  'failed-closed': 'has not applied it, and refuses everything',
  stopped: 'was stopped before it applied it',
} as const satisfies Record<NodeEffectView['state'], string>

/** One line per node: what became of a change there, and when. */
export function nodeLines(nodes: readonly NodeEffectView[]): string[] {
  return nodes.map((node) => {
    const { id, name, state, appliedAt, appliedMs, lapsedAt, failedClosedAt, disconnected, notified } = node
    const what =
      appliedMs === undefined
        ? `${STATES[state]}${appliedAt === undefined ? '' : ` at ${appliedAt}`}`
        : `applied after ${appliedMs} ms, ${disconnected} sessions closed, ${notified} notified`
    const marks = [
      lapsedAt !== undefined && `refused everything from ${lapsedAt} until then, without a lease`,
      failedClosedAt !== undefined && `refuses everything since ${failedClosedAt}: its lease is over`,
    ].filter((mark) => mark !== false)
    return `  ${[`${name} ${id}: ${what}`, ...marks].join('; ')}`
  })
}

/** What became of the last change of something on each node, with what it was. */
export function appliedLines(epoch: number | undefined, appliedBy: readonly NodeEffectView[] = []): string[] {
  if (epoch === undefined) return ['nothing is remembered of its last change']
  return [`its last change is epoch ${epoch}`, ...nodeLines(appliedBy)]
}
