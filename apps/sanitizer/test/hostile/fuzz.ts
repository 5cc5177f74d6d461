// `pnpm fuzz:images [--files 20000] [--from 0] [--at-once 4]`: damaged images of every format against the real sanitizer.
// A fault names its seed; `--from SEED --files 1` has that file again, and says what became of it.

import { parseArgs } from 'node:util'
import { mutantOf } from '@drawbridge/testkit/images'
import { startProcess, temporarySocket } from '../process.ts'
import { outcomeOf, throwAll, type HostileFile } from './campaign.ts'

const PROGRESS_EVERY = 500

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '20000' },
    from: { type: 'string', default: '0' },
    'at-once': { type: 'string', default: '4' },
  },
})
const [files, from, atOnce] = [values.files, values.from, values['at-once']].map(Number) as [number, number, number]
if (![files, from, atOnce].every((value) => Number.isSafeInteger(value) && value >= 0))
  throw new Error('--files, --from and --at-once are whole numbers')

/** Outcomes, by format and by damage. */
const tables = { format: new Map<string, Map<string, number>>(), damage: new Map<string, Map<string, number>>() }
const outcomes = new Set<string>()
let done = 0

function* mutants(): Generator<HostileFile> {
  for (let seed = from; seed < from + files; seed++) {
    const { bytes, source, damage } = mutantOf(seed)
    yield { name: `seed ${seed} (${source}: ${damage.join(', ')})`, bytes: () => bytes, acceptsAvif: true }
  }
}

await using place = await temporarySocket()
await using sanitizer = await startProcess(place.socket, {
  DRAWBRIDGE_SANITIZER_CHILDREN: '2',
  DRAWBRIDGE_SANITIZER_AVIF: 'wasm',
})
const startedAt = performance.now()
const campaign = await throwAll(sanitizer, mutants(), {
  atOnce,
  onShot: ({ name, verdict, ms }) => {
    const seed = /^seed (\d+)/.exec(name)?.[1]
    if (seed === undefined) return
    const outcome = outcomeOf(verdict)
    const { format, damage } = mutantOf(Number(seed))
    outcomes.add(outcome)
    count('format', format, outcome)
    for (const each of new Set(damage)) count('damage', each, outcome)
    done += 1
    if (files === 1) process.stdout.write(`${name}: ${outcome}, ${ms.toFixed(0)} ms\n`)
    if (done % PROGRESS_EVERY === 0) process.stderr.write(`${done} of ${files}, ${rate()} a second\n`)
  },
})

print('format')
print('damage')
const { started } = (await sanitizer.health()).children.local
const { parentCrashes, stuckJobs, unverifiedOutputs, faults } = campaign
process.stdout.write(
  `\n${campaign.files} files from seed ${from}, ${rate()} a second, ${started} pairs of children were used.\n` +
    `Crashes of the parent: ${parentCrashes}. Stuck jobs: ${stuckJobs}. Unverified outputs: ${unverifiedOutputs}.\n` +
    faults.map((fault) => `  ${fault}\n`).join(''),
)
process.exitCode = parentCrashes + stuckJobs + unverifiedOutputs === 0 ? 0 : 1

function count(table: keyof typeof tables, row: string, outcome: string): void {
  const counts = tables[table].get(row) ?? new Map<string, number>()
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  tables[table].set(row, counts)
}

function rate(): string {
  return ((1_000 * done) / (performance.now() - startedAt)).toFixed(1)
}

function print(table: keyof typeof tables): void {
  const columns = [...outcomes].toSorted()
  const line = (cells: readonly (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`)
  process.stdout.write('\n')
  line([table, ...columns])
  line(['---', ...columns.map(() => '--:')])
  for (const [row, counts] of [...tables[table]].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    line([row, ...columns.map((name) => counts.get(name) ?? 0)])
}
