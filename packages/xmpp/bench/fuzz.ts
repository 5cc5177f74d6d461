// `pnpm fuzz [--seeds 100 | --minutes 10] [--from 1]`: the differential tests, for as long as one likes. What CI does with
// one seed is done here with many; a failure prints its seed, its input, and how to have it again.

import fc from 'fast-check'
import { parseArgs } from 'node:util'
import { assembled, chunked, compare, mutated, transcript } from '../fixtures/differential.ts'
import { hasExpat, rejectedByExpat } from '../fixtures/oracles.ts'

const RUNS_PER_SEED = 10_000

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, minutes: { type: 'string' }, from: { type: 'string', default: '1' } },
})
const first = Number(values.from)
const endsAt = values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(values.minutes) * 60_000
const seeds =
  values.seeds === undefined ? (values.minutes === undefined ? 10 : Number.POSITIVE_INFINITY) : Number(values.seeds)
if (![first, endsAt, seeds].every((value) => value > 0)) throw new Error('--seeds, --minutes and --from are numbers')

let inputs = 0
let accepted = 0
/** Accepted with the present seed: expat is asked about all of them at once. */
let texts: string[] = []
const count = (text: string) => {
  inputs++
  if (!compare(text)) return
  accepted++
  texts.push(text)
}
const properties: readonly [name: string, run: (seed: number) => void][] = [
  [
    'mutated elements, against saxes, libxml2 and expat',
    (seed) => fc.assert(fc.property(mutated, count), parameters(seed)),
  ],
  [
    'assembled elements, against saxes, libxml2 and expat',
    (seed) => fc.assert(fc.property(assembled, count), parameters(seed)),
  ],
  [
    'streams, in pieces and whole',
    (seed) =>
      fc.assert(
        fc.property(chunked, ({ bytes, chunks }) => {
          inputs++
          return transcript(chunks) === transcript([bytes])
        }),
        parameters(seed),
      ),
  ],
]

let done = 0
for (let seed = first; done < seeds && Date.now() < endsAt; seed++, done++) {
  for (const [name, run] of properties) {
    try {
      run(seed)
    } catch (error) {
      console.log(`${name}: seed ${seed} fails; again with pnpm fuzz --from ${seed} --seeds 1\n`)
      throw error
    }
  }
  const rejected = hasExpat ? rejectedByExpat(texts) : []
  if (rejected.length > 0)
    throw new Error(`seed ${seed}: expat rejects what is accepted: ${JSON.stringify(rejected[0])}`)
  texts = []
  if (done % 10 === 9) console.log(`${done + 1} seeds, ${inputs} inputs, ${accepted} elements accepted by all`)
}
console.log(`${done} seeds, ${inputs} inputs, ${accepted} elements accepted by all, no difference`)

function parameters(seed: number) {
  return { seed, numRuns: RUNS_PER_SEED }
}
