import type { Question, Verdict } from '@drawbridge/policy'

/** The same pass is on record once in this time, in milliseconds: whoever is in goes on passing with every stanza. */
const REPEAT_MS = 5 * 60_000
const MAX_REMEMBERED = 1_000

/** A break-glass account has passed what would have stopped anybody else. */
export interface BreakGlassUse {
  readonly localpart: string
  readonly question: Question
  readonly address: string | undefined
  /** What everybody else would have been told. */
  readonly verdict: Verdict
}

/**
 * Reports uses of break-glass accounts: the first of a kind at once, and again when it goes on for five minutes.
 *
 * @param report - puts it on record and alerts. @param target - the suspension or rule that was passed
 */
export function createBreakGlassWatch(
  report: (use: BreakGlassUse, target: string) => void,
  now: () => number = () => performance.now(),
): (use: BreakGlassUse) => void {
  const reportedAt = new Map<string, number>()
  return (use) => {
    const target = targetOf(use.verdict)
    const key = [use.localpart, use.question, use.address, target].join(' ')
    const at = now()
    if (at - (reportedAt.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    reportedAt.delete(key)
    reportedAt.set(key, at)
    for (const oldest of reportedAt.keys()) {
      if (reportedAt.size <= MAX_REMEMBERED) break
      reportedAt.delete(oldest)
    }
    report(use, target)
  }
}

function targetOf(verdict: Verdict): string {
  if (verdict.action === 'hold') return verdict.suspensionId
  return verdict.action === 'refuse' ? (verdict.details['suspension'] ?? verdict.details['rule'] ?? verdict.code) : ''
}
