import type { NodeStrain } from '@drawbridge/db'
import { GUARDRAIL_LIMITS } from '@drawbridge/policy'

/** Sign-ins that are remembered; of more, the newest. */
const MAX_SAMPLES = 20_000
/** Of fewer sign-ins nothing is said: one slow network is not a slow service. */
const MIN_SAMPLES = 20

/** How this node bears what a change of the rules brings about, over the last five minutes (control §3.5). */
export interface Strain {
  /** Somebody has signed in. @param tookMs - from the first word of the mechanism to success */
  signedIn(tookMs: number): void
  /** The page that blocked clients are sent to was asked for. */
  pageAsked(isAnswered: boolean): void
  look(): Omit<NodeStrain, 'activePeople'>
}

/** @param now - monotonic clock in milliseconds */
export function createStrain(now: () => number = () => performance.now()): Strain {
  let signIns: { readonly at: number; readonly tookMs: number }[] = []
  let pages: { readonly at: number; readonly isAnswered: boolean }[] = []
  const add = <T>(samples: T[], sample: T) => {
    samples.push(sample)
    // Seldom, and then many at once.
    if (samples.length > 2 * MAX_SAMPLES) samples.splice(0, samples.length - MAX_SAMPLES)
  }
  const recent = <T extends { readonly at: number }>(samples: readonly T[]) =>
    samples.filter(({ at }) => now() - at < GUARDRAIL_LIMITS.strainedMs)
  return {
    signedIn: (tookMs) => add(signIns, { at: now(), tookMs }),
    pageAsked: (isAnswered) => add(pages, { at: now(), isAnswered }),
    look() {
      signIns = recent(signIns)
      pages = recent(pages)
      const sorted = signIns.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)
      return {
        signInP95Ms: sorted.length < MIN_SAMPLES ? null : Math.round(sorted[Math.floor(sorted.length * 0.95)] ?? 0),
        pageRequests: pages.length,
        pageErrors: pages.filter(({ isAnswered }) => !isAnswered).length,
      }
    },
  }
}
