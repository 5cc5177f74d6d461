import { listPepItems } from '@drawbridge/db'
import { C2S_LIMITS, findNotificationSetting as settingIn, NS_BOOKMARKS, parseElement } from '@drawbridge/xmpp'
import type { NotificationSetting, SettingIdentity } from '@drawbridge/xmpp'
import type { Account } from './accounts.ts'
import type { Context } from './feature.ts'

/**
 * XEP-0492: what a conversation may do to get the account's attention, out of its bookmark.
 *
 * @param chat - bare JID of a room or a contact.
 * @returns `undefined` where the user has said nothing: `always` among two or in a private room, else `on-mention` (§3).
 */
export async function findNotificationSetting(
  owner: Account,
  chat: string,
  ctx: Pick<Context, 'db'>,
  identity?: SettingIdentity,
): Promise<NotificationSetting | undefined> {
  const [item] = await listPepItems(ctx.db, owner.id, NS_BOOKMARKS, { itemIds: [chat], limit: 1 })
  return item && settingIn(parseElement(item.payload, C2S_LIMITS), identity)
}
