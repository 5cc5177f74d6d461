import { listLastPepItems, putVcard } from '@drawbridge/db'
import { buildInfo, FILTER_VERSION } from '@drawbridge/image-filter'
import {
  base64From,
  C2S_LIMITS,
  findBase64,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  parseElement,
  xml,
} from '@drawbridge/xmpp'

import type { Account } from '../../routing/accounts.ts'
import type { Context, DomainEvents } from '../../routing/feature.ts'
import { perServer } from '../../routing/kept.ts'
import { findOwnAvatar } from './clean.ts'
import type { Avatar } from './clean.ts'
import { putItem } from './items.ts'
import { findFilteredVcard, findShownVcard } from '../../routing/filter-stored.ts'
import { findPublished } from './publish.ts'
import { withPhoto } from './vcard.ts'

/** The avatar of each account with sessions: its SHA-1 in hex, `undefined` for none, a promise while it is looked up. */
type Hashes = Map<string, string | undefined | Promise<string | undefined>>

const hashesOf = perServer((): Hashes => new Map())

/** The account's avatar, at once if it is known. */
export function photoHash(owner: Account, ctx: Context): string | undefined | Promise<string | undefined> {
  const known = hashesOf(ctx)
  if (known.has(owner.bareJid)) return known.get(owner.bareJid)
  const looking = findShownVcard(owner, ctx).then((row) => {
    const sha1 = row?.photoSha1 ?? undefined
    // Unless a newer one was set meanwhile.
    if (known.get(owner.bareJid) === looking) known.set(owner.bareJid, sha1)
    return sha1
  })
  known.set(owner.bareJid, looking)
  looking.catch(() => known.delete(owner.bareJid))
  return looking
}

/** Forgets an account without sessions. */
export function forgetHash(bareJid: string, ctx: Context): void {
  hashesOf(ctx).delete(bareJid)
}

/** Says which avatar an account has: by its SHA-1 in hex, or none. */
export function announce(owner: Account, sha1: string | undefined, ctx: Context): void {
  if (ctx.sessions.of(owner.bareJid).length > 0) hashesOf(ctx).set(owner.bareJid, sha1)
  ctx.emit('avatar.changed', { owner: owner.bareJid, sha1 })
}

/** XEP-0398 §4: what was published as XEP-0084 becomes the photo of the vCard. */
export async function followMetadata({ owner, change }: DomainEvents['pep.changed'], ctx: Context): Promise<void> {
  if (change.node.node !== NS_AVATAR_METADATA || change.what === 'configured') return
  const id = change.what === 'published' ? change.item.payload.getChild('info')?.attrs['id'] : undefined
  const row = await findFilteredVcard(owner, ctx)
  if ((row?.photoSha1 ?? undefined) === id) return
  const avatar = id === undefined ? undefined : await findPublished(owner, id, ctx)
  const card = withPhoto(row && parseElement(row.element, C2S_LIMITS), avatar)
  await putVcard(ctx.db, owner.id, {
    element: card.toString(),
    photoSha1: avatar?.id ?? null,
    filterVersion: FILTER_VERSION,
  })
  announce(owner, avatar?.id, ctx)
}

/** XEP-0398 §3: the photo of the vCard is published as XEP-0084. */
export async function followVcard({ owner }: DomainEvents['vcard.changed'], ctx: Context): Promise<void> {
  const row = await findFilteredVcard(owner, ctx)
  const photo = row && parseElement(row.element, C2S_LIMITS).getChild('PHOTO')?.getChildText('BINVAL')
  const bytes = photo === undefined ? undefined : findBase64(photo)
  const avatar = bytes && (await findOwnAvatar(bytes, ctx))
  const [last] = await listLastPepItems(ctx.db, owner.id, [NS_AVATAR_METADATA])
  const published = last && parseElement(last.payload, C2S_LIMITS).getChild('info')?.attrs['id']
  if (published !== avatar?.id) await publishAvatar(owner, avatar, ctx)
  announce(owner, avatar?.id, ctx)
}

/** Publishes an avatar as the account itself, or that there is none. */
export async function publishAvatar(owner: Account, avatar: Avatar | undefined, ctx: Context): Promise<void> {
  if (avatar) {
    const data = xml('data', { xmlns: NS_AVATAR_DATA }, base64From(avatar.bytes))
    await putItem(owner, NS_AVATAR_DATA, avatar.id, data, ctx)
  }
  const metadata = xml(
    'metadata',
    { xmlns: NS_AVATAR_METADATA },
    avatar && buildInfo({ ...avatar, bytes: avatar.bytes.length }),
  )
  await putItem(owner, NS_AVATAR_METADATA, avatar?.id ?? 'none', metadata, ctx)
}
