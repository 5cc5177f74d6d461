import { CODES, type CleanImage, type ImageProfile, type SanitizeVerdict } from '@drawbridge/contract'
import { imageRefused, INLINE_TIMEOUT_MS } from '@drawbridge/image-filter'
import { ImageBudgetSpent } from '@drawbridge/runtime'
import { StanzaFault } from '@drawbridge/xmpp'
import type { Context } from './feature.ts'
import { chargedTo } from './image-payer.ts'
import { sealImage } from './sealed.ts'

type InlineContext = Pick<
  Context,
  'sanitize' | 'log' | 'accounts' | 'images' | 'mediaPolicy' | 'db' | 'blobs' | 'now' | 'evidenceRetentionMs'
>

/**
 * The image that replaces these bytes of a stanza.
 *
 * @param sender - by bare JID: who pays for it.
 * @param signal - the deadline, where several images of one stanza share it.
 * @throws StanzaFault `not-acceptable` with the reason for an image that is refused; `resource-constraint` (wait) when
 *   the sanitizer cannot be asked now, or the sender has had as much done as a minute allows. Never the bytes as they
 *   came.
 */
export async function sanitizeInline(
  bytes: Uint8Array | undefined,
  { profile, sender }: { readonly profile: ImageProfile; readonly sender: string },
  ctx: InlineContext,
  signal: AbortSignal = AbortSignal.timeout(INLINE_TIMEOUT_MS),
): Promise<CleanImage> {
  if (!bytes || bytes.length === 0) throw imageRefused('corrupt')
  let verdict: SanitizeVerdict
  try {
    verdict = await ctx.sanitize(bytes, profile, { signal, ...chargedTo(sender, ctx) })
    const account = ctx.accounts.findByBareJid(sender)
    if (account) await sealImage(bytes, verdict, { account, filename: profile }, ctx)
  } catch (error) {
    if (error instanceof ImageBudgetSpent) {
      const { type, condition, text } = CODES['image-budget']
      throw new StanzaFault({ type, condition, text: text.en })
    }
    ctx.log.warn('an image in a stanza could not be checked', { error: String(error) })
    const text = 'Images cannot be checked right now. Please try again in a moment.'
    throw new StanzaFault({ type: 'wait', condition: 'resource-constraint', text })
  }
  if (verdict.outcome === 'clean') return verdict
  throw imageRefused(verdict.outcome === 'refused' ? verdict.reason : 'unsupported')
}
