import { listCleanHashesBySha1, listLastPepItems, listPhotos, findPepNode } from '@drawbridge/db'
import { C2S_LIMITS, NS_AVATAR_METADATA, parseElement } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { filterItem } from '../../routing/filter-stored.ts'
import { hasRecalls, isImageRecalled } from '../../routing/recalled.ts'
import { announce } from './canonical.ts'

/** Accounts asked about in one query. */
const PAGE = 500

/** Ids of the accounts whose avatar is recalled, as was announced last. */
const recalled = new WeakMap<Context, ReadonlySet<string>>()

/** What is recalled when the server starts is news to nobody. */
export async function noteRecalls(ctx: Context): Promise<void> {
  recalled.set(ctx, await listRecalled(ctx))
}

/**
 * Avatars that are recalled, or are no longer, are announced as one that is taken away or set (XEP-0084 §4.2, XEP-0153
 * §3.1), whether their people are here or not: clients keep avatars by their hash, and would go on showing them.
 */
export async function followRecalls(_: unknown, ctx: Context): Promise<void> {
  const before = recalled.get(ctx) ?? new Set()
  const after = await listRecalled(ctx)
  recalled.set(ctx, after)
  for (const id of before.symmetricDifference(after)) {
    const owner = ctx.accounts.findById(id)
    if (owner) await announceAgain(owner, ctx)
  }
}

async function announceAgain(owner: Account, ctx: Context): Promise<void> {
  const [last] = await listLastPepItems(ctx.db, owner.id, [NS_AVATAR_METADATA])
  const node = last && (await findPepNode(ctx.db, owner.id, NS_AVATAR_METADATA))
  if (!last || !node) return
  const shown = await filterItem(owner, last, ctx)
  const payload = parseElement(shown.payload, C2S_LIMITS)
  announce(owner, payload.getChild('info')?.attrs['id'], ctx)
  ctx.emit('pep.shown', { owner, change: { node, what: 'published', item: { id: last.itemId, payload } } })
}

async function listRecalled(ctx: Context): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  if (!hasRecalls(ctx)) return found
  for (let after: string | undefined; ;) {
    const page = await listPhotos(ctx.db, after, PAGE)
    const hashes = await listCleanHashesBySha1(
      ctx.db,
      page.map(({ photoSha1 }) => photoSha1),
    )
    for (const { accountId, photoSha1, updatedAt: sentAt } of page) {
      const sha256 = hashes.get(photoSha1)
      const from = ctx.accounts.findById(accountId)?.bareJid
      if (!sha256 || from === undefined) continue
      if (isImageRecalled({ sha256, type: 'image/png' }, { from, sentAt }, ctx)) found.add(accountId)
    }
    after = page.at(-1)?.accountId
    if (page.length < PAGE) return found
  }
}
