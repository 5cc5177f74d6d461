import {
  NS_AVATAR_CONVERSION,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_PUBSUB,
  NS_VCARD_UPDATE,
  setPhotoHash,
} from '@drawbridge/xmpp'
import type { IqStanza, PresenceStanza, Stanza } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { followMetadata, followVcard, forgetHash, photoHash } from './canonical.ts'
import { cleanData, cleanMetadata } from './publish.ts'
import { followRecalls, noteRecalls } from './recalls.ts'
import { avatarStores } from './renewal.ts'

/**
 * XEP-0084: User Avatar, XEP-0153: vCard-Based Avatars, XEP-0398: one converted into the other. Whatever comes in as an
 * avatar is replaced by what the sanitizer made of it before anything else sees it (images §6, rows 10 to 15); an account
 * has one avatar, its vCard's photo, and every hash that names it is the hash of our bytes.
 */
export const avatars = defineFeature({
  name: 'avatars',
  implements: [
    { xep: 84, version: '1.1.4' },
    { xep: 153, version: '1.1.1' },
    { xep: 398, version: '1.0.0' },
  ],
  accountDisco: [NS_AVATAR_CONVERSION],
  enter,
  session: {
    // Looked up now, so that the first presence seldom waits.
    bound: ({ account }, ctx) => void Promise.resolve(photoHash(account, ctx)).catch(() => undefined),
    ended({ account: { bareJid } }, ctx) {
      if (ctx.sessions.of(bareJid).length === 0) forgetHash(bareJid, ctx)
    },
  },
  on: { 'pep.changed': followMetadata, 'vcard.changed': followVcard, 'recalls.changed': followRecalls },
  start: noteRecalls,
  imageStores: avatarStores,
})

function enter(stanza: Stanza, session: Session | undefined, ctx: Context): Promise<void> | undefined {
  if (!session) return undefined
  if (stanza.kind === 'iq') return enterPublication(stanza, session, ctx)
  if (stanza.kind === 'presence') return enterPresence(stanza, session, ctx)
  return undefined
}

/** What an account publishes as its own avatar. Every other picture, in a vCard for instance, was cleaned before. */
function enterPublication({ element, type, to, from }: IqStanza, session: Session, ctx: Context) {
  const isOwn = to === undefined || (to.bareString === from.bareString && !to.isFull)
  const publish = isOwn && type === 'set' ? element.getChild('pubsub', NS_PUBSUB)?.getChild('publish') : undefined
  if (publish?.attrs['node'] === NS_AVATAR_DATA) return cleanData(publish, session, ctx)
  if (publish?.attrs['node'] === NS_AVATAR_METADATA) return cleanMetadata(publish, session, ctx)
  return undefined
}

/** XEP-0153 §3.1, XEP-0398 §3: the presence names the account's avatar, whatever the client believes it to be. */
function enterPresence({ element, type }: PresenceStanza, session: Session, ctx: Context): Promise<void> | undefined {
  if (type !== 'available') {
    for (const x of element.getChildren('x', NS_VCARD_UPDATE)) element.remove(x)
    return undefined
  }
  const hash = photoHash(session.account, ctx)
  if (!(hash instanceof Promise)) {
    setPhotoHash(element, hash)
    return undefined
  }
  return hash.then((sha1) => setPhotoHash(element, sha1))
}
