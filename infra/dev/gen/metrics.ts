import { globSync } from 'node:fs'
import { join } from 'node:path'
import { describeMetrics } from '../../../packages/runtime/src/index.ts'
import { heading, table } from './table.ts'

/** docs/metrics.md, from the `events.ts` and `metrics.ts` of the apps. */
export async function renderMetricsDocs(root: string): Promise<Record<string, string>> {
  for (const path of globSync('apps/*/src/**/{events,metrics}.ts', { cwd: root }).toSorted())
    await import(join(root, path))
  const rows = describeMetrics().map(({ name, help, type, labels }) => [`\`${name}\``, type, labels.join(', '), help])
  if (rows.length === 0) return {}
  const intro =
    'Served at `/metrics` in the Prometheus text format, beside what Node tells of itself (`nodejs_…`, `process_…`).\n\n'
  return {
    'docs/metrics.md': `${heading('Metrics', 'the `events.ts` of the apps')}${intro}${table(['Name', 'Type', 'Labels', 'What it tells'], rows)}`,
  }
}
