// `pnpm gen`: writes every derived file. With --check it writes nothing and fails when one would change.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderConfigDocs } from './gen/config.ts'
import { renderErrors, renderOpenapi, renderRoles } from './gen/contract.ts'
import { renderEvidence } from './gen/evidence.ts'
import { renderXeps } from './gen/features.ts'
import { renderHostileImages } from './gen/hostile-images.ts'
import { renderImages } from './gen/images.ts'
import { renderInterop } from './gen/interop.ts'
import { renderMetricsDocs } from './gen/metrics.ts'
import { renderQueues } from './gen/queues.ts'
import { renderUnicodeTables } from './gen/unicode.ts'
import { ROOT } from './steps.ts'

const files: Readonly<Record<string, string>> = {
  ...(await renderConfigDocs(ROOT)),
  ...renderErrors(),
  ...renderOpenapi(ROOT),
  ...(await renderXeps(ROOT)),
  ...renderEvidence(ROOT),
  ...renderHostileImages(),
  ...renderImages(),
  ...renderInterop(),
  ...(await renderMetricsDocs(ROOT)),
  ...renderQueues(),
  ...renderRoles(),
  ...renderUnicodeTables(ROOT),
}
const stale = Object.entries(files).filter(([path, text]) => read(path) !== text)
if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stdout.write(`${path} is out of date: run pnpm gen\n`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true })
    writeFileSync(join(ROOT, path), text)
    process.stdout.write(`${path}\n`)
  }
}

function read(path: string): string | undefined {
  return existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : undefined
}
