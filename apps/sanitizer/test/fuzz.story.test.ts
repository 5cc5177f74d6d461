import { mutantOf } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { readBounds, BoundsError } from '../src/bounds/index.ts'
import { sniff } from '../src/sniff.ts'
import { outcomeOf, throwAll, type HostileFile } from './hostile/campaign.ts'
import { startProcess, temporarySocket } from './process.ts'

/** What the parent reads itself, without a child: thousands cost a second. */
const HEADERS = 20_000
/** One in four costs a pair of children, so these are what CI has time for; `pnpm fuzz:images` throws as many as one likes. */
const FILES = 80
/** Where every core is busy with other tests. */
const TIMEOUT_MS = 120_000

test('UP-07: whatever is done to an image, its header is read or refused, never a fault of ours', () => {
  const outcomes = new Set<string>()
  for (let seed = 0; seed < HEADERS; seed++) {
    const { bytes } = mutantOf(seed)
    const sniffed = sniff(bytes)
    outcomes.add(sniffed.kind)
    if (sniffed.kind !== 'accepted') continue
    try {
      expect(readBounds(sniffed.format, bytes).endOffset).toBeLessThanOrEqual(bytes.length)
    } catch (error) {
      if (!(error instanceof BoundsError)) throw error
      outcomes.add(error.reason)
    }
  }
  expect([...outcomes].toSorted()).toEqual(['accepted', 'corrupt', 'forbidden', 'not-an-image', 'unsupported'])
})

test('a seed always gives the same file', () => {
  const files = [3, 250, 99].map((seed) => mutantOf(seed))
  expect([3, 250, 99].map((seed) => mutantOf(seed))).toEqual(files)
})

test(
  'UP-07: damaged images crash nothing, hold up nothing, and give no output that is not in order',
  async () => {
    await using place = await temporarySocket()
    await using sanitizer = await startProcess(place.socket, { DRAWBRIDGE_SANITIZER_CHILDREN: '2' })
    const outcomes = new Map<string, number>()
    const campaign = await throwAll(sanitizer, mutants(), {
      atOnce: 4,
      onShot: ({ verdict }) => outcomes.set(outcomeOf(verdict), (outcomes.get(outcomeOf(verdict)) ?? 0) + 1),
    })
    expect(campaign).toMatchObject({
      files: FILES,
      parentCrashes: 0,
      stuckJobs: 0,
      unverifiedOutputs: 0,
      faults: [],
    })
    // Neither all nothing nor all harmless: the damage is met.
    expect(outcomes.get('clean')).toBeGreaterThan(FILES / 10)
    expect(outcomes.get('refused: corrupt')).toBeGreaterThan(FILES / 3)
  },
  TIMEOUT_MS,
)

function* mutants(): Generator<HostileFile> {
  for (let seed = 0; seed < FILES; seed++) {
    const { bytes, source, damage } = mutantOf(seed)
    yield { name: `seed ${seed} (${source}: ${damage.join(', ')})`, bytes: () => bytes }
  }
}
