import type { SanitizeOptions } from '@drawbridge/contract'
import { createHash } from 'node:crypto'
import type { Context } from './feature.ts'

/**
 * Who an image of this sender is charged to, and whose children decode it: each account here pays for itself, and
 * everybody of another domain together, since a domain can make up accounts as it likes. The sanitizer keeps the budgets:
 * it alone knows before the work how many pixels there are, and nothing can come between its look and its charge
 * (ADR 13). What it is told names nobody.
 *
 * @param sender - a bare JID.
 */
export function chargedTo(
  sender: string,
  { accounts, images }: Pick<Context, 'accounts' | 'images'>,
): Pick<SanitizeOptions, 'origin' | 'payer'> {
  const isLocal = accounts.findByBareJid(sender) !== undefined
  const payer = isLocal ? sender : sender.slice(sender.indexOf('@') + 1)
  return {
    origin: isLocal ? 'local' : 'remote',
    payer: {
      key: createHash('sha256').update(payer).digest('hex'),
      pixelsPerMinute: images.maxPixelsPerMinute,
      cpuMsPerMinute: images.maxCpuMsPerMinute,
    },
  }
}
