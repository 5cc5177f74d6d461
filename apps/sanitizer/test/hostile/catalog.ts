// `pnpm bench:hostile [PART OF A NAME]`: the catalog of hostile images against the real sanitizer, one after the other, the
// heaviest included, as a table with times. What is not as the catalog says makes it fail.

import { HOSTILE_IMAGES, type HostileImage } from '@drawbridge/testkit/images'
import { startProcess, temporarySocket } from '../process.ts'
import { outcomeOf, throwAll } from './campaign.ts'
import { mismatchOf } from './expectation.ts'

const wanted = process.argv[2]?.toLowerCase() ?? ''
const images = HOSTILE_IMAGES.filter(({ name }) => name.toLowerCase().includes(wanted))
const byTitle = new Map(images.map((image) => [titleOf(image), image]))

await using place = await temporarySocket()
await using sanitizer = await startProcess(place.socket, {
  DRAWBRIDGE_SANITIZER_CHILDREN: '2',
  DRAWBRIDGE_SANITIZER_AVIF: 'wasm',
})
let mismatches = 0
row('Case', 'Bytes', 'Expected', 'Outcome', 'ms')
row('---', '--:', '---', '---', '--:')
const campaign = await throwAll(
  sanitizer,
  images.map((image) => ({ ...image, name: titleOf(image) })),
  {
    // One at a time: what each costs is to be seen.
    atOnce: 1,
    onShot: ({ name, verdict, bytes, ms }) => {
      const image = byTitle.get(name)
      if (image === undefined) return
      const mismatch = mismatchOf(image, verdict)
      if (mismatch !== undefined) mismatches += 1
      const expected = [image.expect, image.reason].filter(Boolean).join(': ')
      row(name, String(bytes), expected, `${outcomeOf(verdict)}${mismatch ? ` (${mismatch})` : ''}`, ms.toFixed(0))
    },
  },
)
const { files, parentCrashes, stuckJobs, unverifiedOutputs, faults } = campaign
process.stdout.write(
  `\n${files} files, ${mismatches} not as the catalog says.\n` +
    `Crashes of the parent: ${parentCrashes}. Stuck jobs: ${stuckJobs}. Unverified outputs: ${unverifiedOutputs}.\n` +
    faults.map((fault) => `  ${fault}\n`).join(''),
)
process.exitCode = mismatches + parentCrashes + stuckJobs + unverifiedOutputs === 0 ? 0 : 1

function titleOf({ group, name }: HostileImage): string {
  return `${group} ${name}`
}

function row(...cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}
