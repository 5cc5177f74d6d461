import { HOSTILE_IMAGES, ordinaryPng, type HostileImage } from '@drawbridge/testkit/images'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mismatchOf } from './hostile/expectation.ts'
import { faultsOf } from './hostile/faults.ts'
import { startProcess, temporarySocket, type SanitizerProcess } from './process.ts'

/**
 * An ordinary image after a hostile one must not wait for its mess to be cleaned up: not until a child runs out of its 10 s.
 * What is printed at the end is what it takes; a new pair alone takes seconds where every core is busy.
 */
const NEXT_IMAGE_MS = 8_000

let place: Awaited<ReturnType<typeof temporarySocket>>
let sanitizer: SanitizerProcess
let slowest = { ms: 0, after: '' }

beforeAll(async () => {
  place = await temporarySocket()
  sanitizer = await startProcess(place.socket, {
    DRAWBRIDGE_SANITIZER_CHILDREN: '2',
    DRAWBRIDGE_SANITIZER_SPARE: '1',
    DRAWBRIDGE_SANITIZER_AVIF: 'wasm',
  })
})

afterAll(async () => {
  await sanitizer[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
  console.log(
    `sanitizer: ready after ${sanitizer.startMs.toFixed(0)} ms; slowest ordinary image ${slowest.ms.toFixed(0)} ms, after "${slowest.after}"`,
  )
})

async function expectOutcome(image: HostileImage): Promise<void> {
  const verdict = await sanitizer.sanitize(image.bytes(), 'image', { acceptsAvif: image.acceptsAvif })
  expect(mismatchOf(image, verdict)).toBeUndefined()
  if (verdict.outcome === 'clean') expect(await faultsOf(verdict, image.payload)).toEqual([])
}

async function expectNextImageWorks(after: string): Promise<void> {
  const startedAt = performance.now()
  const verdict = await sanitizer.sanitize(ordinaryPng(), 'image')
  const ms = performance.now() - startedAt
  if (ms > slowest.ms) slowest = { ms, after }
  expect(verdict.outcome).toBe('clean')
  expect(ms).toBeLessThan(NEXT_IMAGE_MS)
  expect(sanitizer.process.exitCode).toBeNull()
}

const GROUPS = {
  A: 'UP-07 PNG',
  B: 'UP-07 bombs',
  C: 'UP-09 structure',
  D: 'UP-06 polyglots',
  E: 'UP-08 metadata',
  F: 'UP-06 wrong type',
  G: 'UP-07 animation',
  H: 'UP-08 steganography',
} as const

// The heaviest are left to `pnpm bench:hostile`.
describe.each(Object.entries(GROUPS))('%s: %s', (group) => {
  const images = HOSTILE_IMAGES.filter((image) => image.group === group && !image.isHeavy)
  test.each(images.map((image) => [image.name, image] as const))(
    '%s, and the next image works',
    async (name, image) => {
      await expectOutcome(image)
      await expectNextImageWorks(name)
    },
  )
})

test('the whole catalog has left the process with its children', async () => {
  const { children, status, queue } = await sanitizer.health()
  expect(status).toBe('ok')
  expect(queue).toEqual({ waiting: 0, running: 0 })
  expect(children.local.size).toBe(3)
})
