import { listPepItems, listPushedItems } from '@drawbridge/db'
import { NS_BOOKMARKS } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, DomainEvents } from '../../routing/feature.ts'

// XEP-0402, XEP-0492: the bookmarks of those who are pushed to, kept in step with their node (`ctx.chats`).

/** Reads what everybody has who is pushed to. Once, before the first stream. */
export async function loadBookmarks(ctx: Context): Promise<void> {
  const items = await listPushedItems(ctx.db, NS_BOOKMARKS)
  const byAccount = Map.groupBy(items, ({ accountId }) => accountId)
  for (const { id, bareJid } of ctx.accounts.all()) {
    if (ctx.pushTargets.of(bareJid).length > 0) await ctx.chats.follow(bareJid, async () => byAccount.get(id) ?? [])
  }
}

/** From now on the account's bookmarks are known. */
export function followBookmarks({ id, bareJid }: Account, { chats, db, limits }: Context): Promise<void> {
  return chats.follow(bareJid, () => listPepItems(db, id, NS_BOOKMARKS, { limit: limits.maxPepItems }))
}

export function changeBookmarks({ owner: { bareJid }, change }: DomainEvents['pep.changed'], { chats }: Context): void {
  if (change.node.node !== NS_BOOKMARKS || !chats.follows(bareJid)) return
  if (change.what === 'published') chats.put(bareJid, change.item.id, change.item.payload)
  else if (change.what === 'retracted') chats.remove(bareJid, change.itemId)
  else if (change.what !== 'configured') chats.clear(bareJid)
}
