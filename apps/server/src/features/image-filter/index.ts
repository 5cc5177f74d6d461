import { findReadableImage } from '@drawbridge/db'
import type { ImageHash } from '@drawbridge/db'
import { filterImages, imageRefused } from '@drawbridge/image-filter'
import { base64From, NS_BOB, NS_PUBSUB, scanForInlineImages, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, Stanza } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { isMappedRecalled } from '../../routing/recalled.ts'
import { aroundOf, encryptionOf } from '../../routing/image-lookups.ts'

const NS_DRAWBRIDGE_E2EE = 'urn:drawbridge:e2ee:0'
/** Hashes in names of data, as XEP-0231 §4 spells them. */
const HASHES: Readonly<Record<string, ImageHash>> = {
  sha1: 'sha-1',
  'sha-1': 'sha-1',
  'sha-256': 'sha-256',
  sha256: 'sha-256',
  'sha-512': 'sha-512',
}

/**
 * Keeps every image out of stanzas that our encoder did not make (images §1, §6). It stands at the entrance, before
 * anything is recorded or passed on, and is the same for all transports: the package image-filter, with what this server
 * knows. Items of PubSub are judged where they are published.
 *
 * XEP-0231, Bits of Binary: let in cleaned, answered from the clean store, never fetched from another client (rows 6 and
 * 7). XEP-0066, Out of Band Data: a link to an upload of ours passes, any other goes (row 3). Whether end-to-end encrypted
 * content passes is said in disco (row 24).
 */
export const imageFilter = defineFeature({
  name: 'image-filter',
  implements: [
    { xep: 231, version: '1.1' },
    { xep: 66, version: '1.5' },
    { xep: 264, version: '0.4.2', missing: 'on purpose no thumbnail that a sender made: ours take their place' },
    { xep: 385, version: '0.2.1', missing: 'on purpose no source but an upload of ours, so no Jingle' },
    { xep: 446, version: '0.2.0', missing: 'on purpose nothing that a sender says of a file and ours does not' },
    { xep: 447, version: '0.3.1', missing: 'on purpose no source but an upload of ours' },
    {
      xep: 449,
      version: '0.1.1',
      missing: 'on purpose no packs but those of the sender, and no stickers that are kept elsewhere',
    },
    {
      xep: 166,
      version: '1.1.2',
      status: 'partial',
      missing: 'sessions for files (XEP-0234), whose bytes nobody could look into',
    },
    // What a call says of itself is between the clients, and passes.
    { xep: 167, version: '1.2.3' },
    { xep: 176, version: '1.1.1' },
    { xep: 293, version: '1.0.2' },
    { xep: 294, version: '1.1.2' },
    { xep: 320, version: '1.0.0' },
    { xep: 338, version: '1.0.0' },
    { xep: 339, version: '1.0.1' },
  ],
  disco: [NS_DRAWBRIDGE_E2EE],
  discoForms: [
    (ctx) => ({ formType: NS_DRAWBRIDGE_E2EE, fields: [{ name: 'policy', values: [ctx.mediaPolicy().e2ee] }] }),
  ],
  iq: [
    { type: 'get', to: 'client', xmlns: NS_BOB, name: 'data', handle: answerBits },
    { type: 'get', to: 'account', xmlns: NS_BOB, name: 'data', handle: answerBits },
    { type: 'get', to: 'account', xmlns: NS_DRAWBRIDGE_E2EE, name: 'query', handle: answerPolicy },
  ],
  enter(stanza, session, ctx) {
    if (isPublication(stanza)) return refuseNames(stanza.element)
    const { element, from, to } = stanza
    const parties = { from: from.bareString, to: to?.bareString }
    return filterImages(element, aroundOf(session ? 'client' : 'component', parties, ctx, session?.client))
  },
})

/** What is published is judged where it is kept: that knows what each node may hold. */
function isPublication({ kind, to, from, element }: Stanza): boolean {
  if (kind !== 'iq' || (to && (to.isFull || to.domainpart !== from.domainpart))) return false
  return element.getChildElements()[0]?.getNS()?.startsWith(NS_PUBSUB) === true
}

/**
 * The id of its item, its node and what is said of that reach others as well, and are texts: too short for rule 3, each
 * by its own bound.
 *
 * @throws StanzaFault
 */
function refuseNames(iq: Element): undefined {
  const isPayload = ({ parent: item }: Element) =>
    item !== null && item.is('item', NS_PUBSUB) && item.parent?.is('publish', NS_PUBSUB) === true
  const found = scanForInlineImages(
    iq,
    (element) => isPayload(element) && element.parent?.parent?.parent?.parent === iq,
  )
  if (found.some(({ kind }) => kind !== 'encoded')) throw imageRefused('unsupported')
}

/** XEP-0231 §3: an image that was sent to whoever asks, as it was sent. No client is asked for one. */
async function answerBits(
  { attrs: { cid = '' } }: Element,
  { session, to }: IqRequest,
  ctx: Context,
): Promise<Element> {
  const [, algorithm = '', digits = ''] = /^([a-z0-9-]+)\+([0-9a-f]{40,128})@bob\.xmpp\.org$/i.exec(cid) ?? []
  const name = HASHES[algorithm.toLowerCase()]
  const hash = Buffer.from(digits, 'hex')
  const image = name && (await findReadableImage(ctx.db, session.account.bareJid, { name, hash }, 'inline'))
  const bytes = image && (await ctx.blobs.clean.read(image.cleanSha256.toString('hex')))
  if (!image || !bytes || (await isMappedRecalled(image, to.bareString, ctx)))
    throw new StanzaFault({ condition: 'item-not-found' })
  const clean = `sha1+${image.cleanSha1.toString('hex')}@bob.xmpp.org`
  return xml('data', { xmlns: NS_BOB, cid: clean, type: image.cleanType }, base64From(bytes))
}

/** What becomes of encrypted content between the asker and this account: to be asked before anything is sent. */
function answerPolicy(_query: Element, { session, to }: IqRequest, ctx: Context): Element {
  const policy = encryptionOf({ from: session.account.bareJid, to: to.bareString }, ctx)
  return xml('query', { xmlns: NS_DRAWBRIDGE_E2EE, policy })
}
