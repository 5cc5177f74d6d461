import { QUEUES } from '../../../apps/server/src/queues.ts'
import { heading, table } from './table.ts'

/** docs/operate/queues.md, from the server's list of its queues. */
export function renderQueues(): Record<string, string> {
  const rows = QUEUES.map(({ what, where, max, beyond, metric }) => [
    what,
    `\`${where}\``,
    max,
    beyond,
    `\`${metric}\``,
  ])
  const columns = ['What waits', 'Where', 'At most', 'Beyond that', 'Metric']
  return { 'docs/operate/queues.md': `${heading('Queues', '`apps/server/src/queues.ts`')}${table(columns, rows)}` }
}
