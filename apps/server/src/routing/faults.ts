import { CODES, Refusal } from '@drawbridge/contract'
import { uuidv7 } from '@drawbridge/db'
import type { Verdict } from '@drawbridge/policy'
import { StanzaFault } from '@drawbridge/xmpp'
import { refusalWords } from '../policy/words.ts'
import { countMessage } from './events.ts'
import type { Context } from './feature.ts'

/**
 * What the sender hears. A `Refusal` has its row in the error table; anything unknown is our bug and stays inside.
 *
 * @param language - of the sender, as the stanza says (RFC 6120 §8.1.5)
 */
export function faultFrom(error: unknown, ctx: Pick<Context, 'log' | 'gate'>, language?: string): StanzaFault {
  if (error instanceof StanzaFault) return error
  if (error instanceof Refusal) {
    const { type, condition } = CODES[error.code]
    // Of the others, the sentence alone is meant for people.
    const details = error.code === 'suspended' ? error.details : {}
    const text = refusalWords(error.code, details, language, ctx.gate.settings.suspensions)
    return new StanzaFault({ type, condition, text })
  }
  const id = uuidv7()
  ctx.log.error('a stanza failed', {
    id,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return new StanzaFault({ condition: 'internal-server-error', text: `Something went wrong on our side (${id}).` })
}

/** What the rules refuse becomes a `Refusal`; what they hold back or pass goes on. */
export function throwIfRefused(verdict: Verdict): void {
  if (verdict.action === 'refuse') throw new Refusal(verdict.code, { details: verdict.details, cause: verdict.reason })
}

/** Counts a message that went nowhere: refused, or by a fault of ours. */
export function countFault(error: unknown): void {
  const isRefused = error instanceof StanzaFault || error instanceof Refusal
  countMessage({ outcome: isRefused ? 'refused' : 'failed' })
}
