import type { SanitizeVerdict } from '@drawbridge/contract'
import { ordinaryPng } from '@drawbridge/testkit/images'
import type { SanitizerProcess } from '../process.ts'
import { faultsOf } from './faults.ts'

/** One file that is thrown at the sanitizer. */
export interface HostileFile {
  readonly name: string
  readonly bytes: () => Buffer
  /** Text that no output may hold. */
  readonly payload?: string | undefined
  /** Sent where policy lets AVIF in. */
  readonly acceptsAvif?: boolean
}

/** What became of one file. */
export interface Shot {
  readonly name: string
  readonly verdict: SanitizeVerdict | 'no answer'
  /** Of the file that was sent. */
  readonly bytes: number
  /** What is wrong with the output. */
  readonly faults: readonly string[]
  readonly ms: number
}

/** What stays at zero, whatever comes. */
export interface Zeros {
  /** The process that holds the children ended. */
  readonly parentCrashes: number
  /** Files without an answer, and work that was left in the queue or with a child when all had one. */
  readonly stuckJobs: number
  /** Outputs in which something is wrong. */
  readonly unverifiedOutputs: number
}

export interface Campaign extends Zeros {
  /** What went wrong, in words. */
  readonly faults: readonly string[]
  readonly files: number
  readonly ms: number
}

/** The sanitizer answers within 25 s, or nobody is there any more. */
const NO_ANSWER = 'no answer'
const MAX_FAULTS = 50

/**
 * Throws files at the sanitizer, several at once, looks at everything that comes out, and at the process afterwards: an
 * ordinary image must then become a clean one. Never rejects because of a file.
 *
 * @param onShot - told of each file when its verdict is there.
 */
export async function throwAll(
  { sanitize, health, process: child }: SanitizerProcess,
  files: Iterable<HostileFile>,
  { atOnce, onShot }: { readonly atOnce: number; readonly onShot?: (shot: Shot) => void },
): Promise<Campaign> {
  const startedAt = performance.now()
  const faults: string[] = []
  let [thrown, stuckJobs, unverifiedOutputs] = [0, 0, 0]
  const note = (fault: string) => faults.length < MAX_FAULTS && faults.push(fault)

  const shoot = async ({ name, bytes, payload, acceptsAvif = false }: HostileFile) => {
    const file = bytes()
    const sentAt = performance.now()
    const verdict = await sanitize(file, 'image', { acceptsAvif }).catch((error: unknown) => {
      note(`${name}: ${NO_ANSWER}, ${String(error)}`)
      return NO_ANSWER as typeof NO_ANSWER
    })
    const ms = performance.now() - sentAt
    const found = verdict !== NO_ANSWER && verdict.outcome === 'clean' ? await faultsOf(verdict, payload) : []
    thrown += 1
    if (verdict === NO_ANSWER) stuckJobs += 1
    if (found.length > 0) unverifiedOutputs += 1
    for (const fault of found) note(`${name}: ${fault}`)
    onShot?.({ name, verdict, bytes: file.length, faults: found, ms })
  }
  const queue = files[Symbol.iterator]()
  const work = async () => {
    for (let next = queue.next(); !next.done && isAlive(); next = queue.next()) await shoot(next.value)
  }
  const isAlive = () => child.exitCode === null && child.signalCode === null
  await Promise.all(Array.from({ length: atOnce }, work))

  await shoot({ name: 'an ordinary image after all the others', bytes: () => ordinaryPng() })
  thrown -= 1
  if (isAlive()) {
    const { queue: left, children } = await health()
    const held = left.waiting + left.running + children.local.busy
    if (held > 0) note(`${held} jobs are left when all files have their answer`)
    stuckJobs += held
  } else note('the parent is gone')
  return {
    parentCrashes: isAlive() ? 0 : 1,
    stuckJobs,
    unverifiedOutputs,
    faults,
    files: thrown,
    ms: performance.now() - startedAt,
  }
}

/** A verdict in a word or two. */
export function outcomeOf(verdict: Shot['verdict']): string {
  if (verdict === NO_ANSWER) return NO_ANSWER
  return verdict.outcome === 'refused' ? `refused: ${verdict.reason}` : verdict.outcome
}
