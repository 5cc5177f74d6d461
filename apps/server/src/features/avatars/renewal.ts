import { listPhotos } from '@drawbridge/db'
import type { Account } from '../../routing/accounts.ts'
import type { Context, RenewalCounts } from '../../routing/feature.ts'
import { keepMade } from '../../routing/image-lookups.ts'
import { publishAvatar } from './canonical.ts'
import { sha1Hex } from './clean.ts'
import { findPublished } from './publish.ts'

/** Accounts asked about in one query. */
const PAGE = 500

/**
 * Makes every avatar anew from what is shown now, and publishes those of which something else came as if their people had
 * done so. What today's encoder made stays: it gives the same bytes again, so doing this twice changes nothing.
 */
export async function renewAvatars(ctx: Context, signal: AbortSignal): Promise<RenewalCounts> {
  const counts = { renewed: 0, kept: 0, failed: 0 }
  for (let after: string | undefined; ;) {
    const page = await listPhotos(ctx.db, after, PAGE)
    for (const { accountId, photoSha1 } of page) {
      signal.throwIfAborted()
      const owner = ctx.accounts.findById(accountId)
      if (owner) counts[await renew(owner, photoSha1, ctx, signal)] += 1
    }
    after = page.at(-1)?.accountId
    if (page.length < PAGE) return counts
  }
}

async function renew(owner: Account, id: string, ctx: Context, signal: AbortSignal): Promise<keyof RenewalCounts> {
  const avatar = await findPublished(owner, id, ctx)
  // The photo of a vCard whose data item is gone: it is shown no less, but nobody has published it.
  if (!avatar) return 'kept'
  const verdict = await ctx.sanitize(avatar.bytes, 'avatar', { signal, isBulk: true })
  if (verdict.outcome !== 'clean') {
    ctx.log.error('an avatar of ours cannot be made anew', { account: owner.localpart, outcome: verdict.outcome })
    return 'failed'
  }
  const { bytes: clean, widthPx, heightPx, format } = verdict
  if (Buffer.from(clean).equals(avatar.bytes)) return 'kept'
  const made = { bytes: clean, type: `image/${format}`, widthPx, heightPx }
  await keepMade(made, [], { purpose: 'avatar', sender: owner.bareJid, readers: [owner.bareJid] }, ctx)
  await publishAvatar(owner, { ...made, id: sha1Hex(clean) }, ctx)
  return 'renewed'
}
