import {
  base64From,
  NS_AVATAR_CONVERSION,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_PUBSUB,
  NS_VCARD,
  NS_VCARD_UPDATE,
  scanForInlineImages,
  setPhotoHash,
} from '@drawbridge/xmpp'
import type { Element, IqStanza, PresenceStanza, Stanza } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import type { Context } from '../../routing/feature.ts'
import { imageRefused } from '../../routing/inline-image.ts'
import type { Session } from '../../stream/session.ts'
import { followMetadata, followVcard, forgetHash, photoHash } from './canonical.ts'
import { cleanAvatar } from './clean.ts'
import { cleanData, cleanMetadata } from './publish.ts'
import { cleanVcard } from './vcard.ts'

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
  on: { 'pep.changed': followMetadata, 'vcard.changed': followVcard },
})

function enter(stanza: Stanza, session: Session | undefined, ctx: Context): Promise<void> | undefined {
  // From outside: it cannot be somebody's own, but pictures are pictures.
  if (!session) return stanza.kind === 'iq' ? cleanForeign(stanza.element, ctx) : undefined
  if (stanza.kind === 'iq') return enterIq(stanza, session, ctx)
  if (stanza.kind === 'presence') return enterPresence(stanza, session, ctx)
  return undefined
}

function enterIq({ element, type, to, from }: IqStanza, session: Session, ctx: Context): Promise<void> | undefined {
  const payload = element.getChildElements()[0]
  if (!payload) return undefined
  const isOwn = to === undefined || (to.bareString === from.bareString && !to.isFull)
  // A room has an avatar, too (XEP-0486).
  const isRoom = to !== undefined && !to.isFull && ctx.findService(to.domainpart) !== undefined
  if (isRoom && type === 'set' && payload.is('vCard', NS_VCARD)) return cleanVcard(payload, ctx)
  if (!isOwn) return to?.isFull ? cleanForeign(element, ctx) : undefined
  if (type !== 'set') return undefined
  if (payload.is('vCard', NS_VCARD)) return cleanVcard(payload, ctx)
  const publish = payload.is('pubsub', NS_PUBSUB) ? payload.getChild('publish') : undefined
  if (publish?.attrs['node'] === NS_AVATAR_DATA) return cleanData(publish, session, ctx)
  if (publish?.attrs['node'] === NS_AVATAR_METADATA) return cleanMetadata(publish, session, ctx)
  return undefined
}

/** Between clients, too, no image passes as it was sent. One that cannot be replaced keeps the stanza from passing. */
function cleanForeign(element: Element, ctx: Context): Promise<void> | undefined {
  const vcard = element.getChild('vCard', NS_VCARD)
  if (vcard) return cleanVcard(vcard, ctx)
  const images = scanForInlineImages(element)
  if (images.length === 0) return undefined
  return (async () => {
    for (const image of images) {
      if (image.kind !== 'avatar') throw imageRefused('unsupported')
      const avatar = await cleanAvatar(image.bytes, ctx)
      image.element.children = [base64From(avatar.bytes)]
      const item = image.element.parent
      if (item?.is('item')) item.attrs['id'] = avatar.id
    }
  })()
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
