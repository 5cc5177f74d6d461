import { findReadableImage, findStickerPack } from '@drawbridge/db'
import { NS_STICKERS } from '@drawbridge/image-filter'
import { NS_AVATAR_DATA } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'

type FindId = (owner: Account, id: string, ctx: Context) => Promise<string | undefined>

/** Nodes whose items are called by what is in them, with how an item is found by an id that it had before. */
const RENAMED: Readonly<Record<string, FindId>> = {
  // XEP-0084 §4.1.
  async [NS_AVATAR_DATA](owner, id, { db }) {
    if (!/^[0-9a-f]{40}$/i.test(id)) return undefined
    const hash = { name: 'sha-1', hash: Buffer.from(id, 'hex') } as const
    return (await findReadableImage(db, owner.bareJid, hash, 'avatar'))?.cleanSha1.toString('hex')
  },
  // XEP-0449 §4.1.2.
  [NS_STICKERS]: (owner, id, { db }) => findStickerPack(db, owner.id, id),
}

/**
 * The ids that items have now which had these once: an image is another one after it was cleaned or made anew, and
 * whoever has not heard of that yet asks for the one that it knows.
 */
export async function currentIds(
  owner: Account,
  node: string,
  ids: readonly string[],
  ctx: Context,
): Promise<readonly string[]> {
  const find = RENAMED[node]
  if (!find) return []
  const found = await Promise.all(ids.map((id) => find(owner, id, ctx)))
  return [...new Set(found.flatMap((id) => id ?? []))]
}
