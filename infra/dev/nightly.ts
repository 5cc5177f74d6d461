// `npm run nightly [-- --rounds 200 --files 20000 --minutes 10 --from SEED]`: what takes hours, one after the other, on a bare
// machine; all of it, whatever fails. Each night has seeds of its own; a fault names its seed. What each part printed stays in
// .cache/nightly. The last line is "N passed, N failed".
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { capture, ROOT } from './steps.ts'

const DAY_MS = 86_400_000
/** Lines of a part that are shown: what it counted stands at its end. */
const SHOWN_LINES = 8
const LOGS = join(ROOT, '.cache', 'nightly')

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    files: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '10' },
    from: { type: 'string' },
  },
})
const { rounds, files, minutes } = values
const { from = String(Math.floor(Date.now() / DAY_MS) * Number(files)) } = values

interface Part {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
}

const vitest = (file: string) => ['vitest', 'run', '--reporter=verbose', file] as const

const PARTS: readonly Part[] = [
  {
    name: 'uploads-killed',
    command: vitest('e2e/stories/uploads-killed.test.ts'),
    env: { DRAWBRIDGE_TEST_KILL_ROUNDS: rounds },
  },
  {
    name: 'fuzz-images',
    command: [join(ROOT, 'apps/sanitizer/test/hostile/fuzz.ts'), '--files', files, '--from', from],
  },
  {
    name: 'sanitize',
    command: vitest('apps/cli/src/commands/sanitize.story.test.ts'),
    env: { DRAWBRIDGE_TEST_MANY_FILES: files },
  },
  { name: 'hostile-images', command: [join(ROOT, 'apps/sanitizer/test/hostile/catalog.ts')] },
  { name: 'fuzz-xml', command: [join(ROOT, 'packages/xmpp/bench/fuzz.ts'), '--minutes', minutes] },
]

mkdirSync(LOGS, { recursive: true })
say(`seeds of images from ${from}`)
let failed = 0
for (const { name, command, env } of PARTS) {
  const startedAt = performance.now()
  const { code, output } = await capture(command, env)
  const log = join(LOGS, `${name}.log`)
  writeFileSync(log, output)
  say(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - startedAt) / 60_000).toFixed(1)} min)`)
  for (const line of output.trimEnd().split('\n').slice(-SHOWN_LINES)) say(`     ${line}`)
  if (code === 0) continue
  failed += 1
  say(`     all of it: ${log}`)
}
say(`\n${PARTS.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
