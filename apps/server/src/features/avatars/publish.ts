import { findReadableImage, listPepItems } from '@drawbridge/db'
import { buildInfo, FETCH_TIMEOUT_MS } from '@drawbridge/image-filter'
import { BoundedMap } from '@drawbridge/runtime'
import {
  base64From,
  C2S_LIMITS,
  findBase64,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  parseElement,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { renameItem } from '../../routing/given-id.ts'
import { refuseRecalled } from '../../routing/image-lookups.ts'
import { fetchingFor } from '../../routing/re-host.ts'
import { perSession } from '../../routing/kept.ts'
import type { Session } from '../../stream/session.ts'
import { cleanAvatar, findOwnAvatar, sha1Hex } from './clean.ts'
import type { Avatar } from './clean.ts'
import { putItem } from './items.ts'

const MAX_REMEMBERED = 16

/** What a session's images became, newest last, by the SHA-1 of what it sent. */
const cleanOf = perSession(() => new BoundedMap<string, string>(MAX_REMEMBERED))

/** XEP-0084 §4.1: the data of an avatar is replaced by ours, and its item by one named after ours. In place. */
export async function cleanData(publish: Element, session: Session, ctx: Context): Promise<void> {
  for (const item of publish.getChildren('item')) {
    const data = item.getChild('data', NS_AVATAR_DATA)
    if (!data) continue
    const raw = findBase64(data.getText())
    const avatar = await cleanAvatar(raw, session.account.bareJid, ctx)
    if (raw) cleanOf(session).set(sha1Hex(raw), avatar.id)
    data.attrs = { xmlns: NS_AVATAR_DATA }
    data.children = []
    data.append(base64From(avatar.bytes))
    renameItem(item, avatar.id)
  }
}

/**
 * §4.2: metadata describes images of ours or is not published. Every attribute is written anew, an image may be named by
 * the hash it had before it was cleaned, and one that is named by its `url` only is fetched, where that is allowed, and
 * becomes data of ours. In place.
 *
 * @throws StanzaFault `item-not-found` when none of the images named is among the account's avatar data
 */
export async function cleanMetadata(publish: Element, session: Session, ctx: Context): Promise<void> {
  for (const item of publish.getChildren('item')) {
    const metadata = item.getChild('metadata', NS_AVATAR_METADATA)
    if (!metadata) continue
    const named = metadata.getChildren('info').flatMap(({ attrs }) => attrs['id']?.toLowerCase() ?? [])
    const urls = metadata.getChildren('info').flatMap(({ attrs }) => attrs['url'] ?? [])
    metadata.children = []
    // §4.2.3: an empty metadata element says that there is no avatar any longer.
    if (named.length === 0) continue
    for (const id of new Set(named.slice(0, MAX_REMEMBERED))) {
      const avatar = await resolve(id, session, ctx)
      if (!avatar) continue
      refuseRecalled(avatar, session.account.bareJid, ctx)
      metadata.append(buildInfo({ ...avatar, bytes: avatar.bytes.length }))
      renameItem(item, avatar.id)
    }
    if (metadata.children.length > 0) continue
    const fetched = urls[0] === undefined ? undefined : await fetchAvatar(urls[0], session, ctx)
    if (fetched) {
      metadata.append(buildInfo({ ...fetched, bytes: fetched.bytes.length }))
      renameItem(item, fetched.id)
      continue
    }
    throw new StanzaFault({ condition: 'item-not-found', text: 'Publish the avatar data first.' })
  }
}

/** §4.2.2: an avatar that is nowhere but at a URL. Here it is data like any other. */
async function fetchAvatar(url: string, { account, client }: Session, ctx: Context): Promise<Avatar | undefined> {
  const { fetch } = fetchingFor({ account, client }, ctx)
  const raw = await fetch?.(url, AbortSignal.timeout(FETCH_TIMEOUT_MS))
  if (!raw) return undefined
  const avatar = await cleanAvatar(raw, account.bareJid, ctx)
  const data = xml('data', { xmlns: NS_AVATAR_DATA }, base64From(avatar.bytes))
  await putItem(account, NS_AVATAR_DATA, avatar.id, data, ctx)
  return avatar
}

/** A hash gives no access: only what this account has published itself is found by it. */
async function resolve(id: string, session: Session, ctx: Context): Promise<Avatar | undefined> {
  if (!/^[0-9a-f]{40}$/.test(id)) return undefined
  const remembered = cleanOf(session).get(id)
  const hash = { name: 'sha-1', hash: Buffer.from(id, 'hex') } as const
  const mapped = (await findReadableImage(ctx.db, session.account.bareJid, hash))?.cleanSha1.toString('hex')
  for (const clean of [remembered, id, mapped]) {
    const avatar = clean === undefined ? undefined : await findPublished(session.account, clean, ctx)
    if (avatar) return avatar
  }
  return undefined
}

/** An avatar among the account's data items. */
export async function findPublished(owner: Account, id: string, ctx: Context): Promise<Avatar | undefined> {
  const [item] = await listPepItems(ctx.db, owner.id, NS_AVATAR_DATA, { itemIds: [id], limit: 1 })
  const bytes = item && findBase64(parseElement(item.payload, C2S_LIMITS).getText())
  return bytes && findOwnAvatar(bytes, ctx)
}
