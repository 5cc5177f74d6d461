import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Runs the benchmarks one after the other, each in a process of its own, and prints their tables. Figures of one run are
 * comparable with each other; those of two machines are not.
 */
const BENCHMARKS = [
  ['tokenizer beside saxes and ltx, and hostile input', 'packages/xmpp/bench/tokenizer.ts'],
  ['archive writer: durable commits', 'packages/db/bench/writer.ts'],
  ['what the time of a refused sign-in tells', 'apps/server/test/bench/timing.ts'],
  ['chat, rooms, sign-in and idle sessions, beside peers', 'e2e/load/peers.ts'],
  ['images: through decoder and encoder, beside djpeg and cjpeg', 'apps/sanitizer/bench/pipeline.ts'],
  ['images: what each level of the sandbox costs', 'apps/sanitizer/bench/sandbox.ts'],
  ['images: from the request for a slot to seen by somebody else', 'e2e/load/images.ts'],
  ['what counting who sends how much costs', 'e2e/load/traffic.ts'],
  ['lock-out and return of ten thousand sessions', 'e2e/load/control.ts'],
] as const

const root = join(import.meta.dirname, '..', '..')
const [wanted] = process.argv.slice(2)
for (const [title, script] of BENCHMARKS) {
  if (wanted !== undefined && !script.includes(wanted)) continue
  process.stdout.write(`\n## ${title}\n\n`)
  const { status } = spawnSync(process.execPath, [join(root, script)], { stdio: 'inherit', cwd: root })
  if (status !== 0) process.exitCode = 1
}
