import { appendAudit } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Question, Verdict } from '@drawbridge/policy'
import { BoundedMap } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import { countBreakGlass } from './events.ts'

/** The same pass is on record once in this time, in milliseconds: whoever is in goes on passing with every stanza. */
const REPEAT_MS = 5 * 60_000
/** People hear of somebody who goes on passing once in this time, whatever it is that they do. */
const ALERT_MS = 3_600_000
const MAX_REMEMBERED = 1_000

/** A break-glass account has passed what would have stopped anybody else. */
export interface BreakGlassUse {
  readonly localpart: string
  readonly question: Question
  readonly address: string | undefined
  /** What everybody else would have been told. */
  readonly verdict: Verdict
}

export interface BreakGlassWatchOptions {
  /** Puts a use on record. @param target - the suspension or rule that was passed */
  readonly report: (use: BreakGlassUse, target: string) => void
  /** Tells people. */
  readonly alert: (text: string) => void
  /** Monotonic, in milliseconds. */
  readonly now?: () => number
}

/**
 * Reports uses of break-glass accounts: the first of a kind at once, and again when it goes on for five minutes. People
 * are told of the first thing that somebody does, and again after an hour: whether the account is in the right hands is
 * for them to know.
 */
export function createBreakGlassWatch({
  report,
  alert,
  now = () => performance.now(),
}: BreakGlassWatchOptions): (use: BreakGlassUse) => void {
  const isNewUse = createReminder(REPEAT_MS, now)
  const isNews = createReminder(ALERT_MS, now)
  return (use) => {
    const { localpart, question, address = 'the local socket' } = use
    const target = targetOf(use.verdict)
    if (isNewUse([localpart, question, address, target].join(' '))) report(use, target)
    if (!isNews([localpart, address, target].join(' '))) return
    alert(
      `The break-glass account ${localpart} is in use from ${address}: it passes ${target}, which stops everybody else. ` +
        'If nobody of you does this, disable the account: drawbridge account disable ' +
        localpart,
    )
  }
}

/** Whether something is new, or was so long ago that it is again. */
function createReminder(repeatMs: number, now: () => number): (key: string) => boolean {
  const knownAt = new BoundedMap<string, number>(MAX_REMEMBERED)
  return (key) => {
    const at = now()
    if (at - (knownAt.get(key) ?? Number.NEGATIVE_INFINITY) < repeatMs) return false
    knownAt.set(key, at)
    return true
  }
}

export interface BreakGlassRecord {
  readonly db: Db
  readonly domain: string
  readonly log: Log
  readonly now: () => Date
}

/** Puts each use on record, counts it and says it aloud. Whoever passes does not wait for that. */
export function recordBreakGlass({ db, domain, log, now }: BreakGlassRecord) {
  return ({ localpart, question, address }: BreakGlassUse, target: string): void => {
    countBreakGlass()
    log.warn('a break-glass account passes', { account: localpart, question, address, target })
    const detail = { question, address: address ?? 'local' }
    const entry = { actor: `${localpart}@${domain}`, action: 'use-break-glass', target, detail }
    void appendAudit(db, entry, now()).catch((error: unknown) => log.error('not audited', { error: String(error) }))
  }
}

function targetOf(verdict: Verdict): string {
  if (verdict.action === 'hold') return verdict.suspensionId
  return verdict.action === 'refuse' ? (verdict.details['suspension'] ?? verdict.details['rule'] ?? verdict.code) : ''
}
