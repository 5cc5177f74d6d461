import { buildImageRejected, NS_BOB, NS_PUBSUB, NS_VCARD, scanForInlineImages, StanzaFault } from '@drawbridge/xmpp'
import type { Element, InlineImage, Stanza } from '@drawbridge/xmpp'
import { isOwnLink } from '../../blobs/link.ts'
import { defineFeature } from '../../routing/feature.ts'
import type { Context } from '../../routing/feature.ts'
import { imageRefused } from '../../routing/inline-image.ts'
import { cleanBits, referencedCids } from './bob.ts'
import type { BitsOfBinary } from './bob.ts'
import { assertAllowed } from './deny.ts'
import { stripDataImages } from './notice.ts'
import { stripReferences } from './references.ts'
import { isPartOf, walk } from './walk.ts'

/**
 * Keeps every image out of stanzas that our encoder did not make (images §1, §6). It stands at the entrance, before
 * anything is recorded or passed on, and is the same for all transports. Avatars and vCards have their own way in;
 * whatever else carries an image is cleaned, stripped or refused here.
 *
 * XEP-0231, Bits of Binary: let in cleaned, never fetched from another client (row 7). XEP-0066, Out of Band Data: a link
 * to an upload of ours passes, any other goes (row 3).
 */
export const imageFilter = defineFeature({
  name: 'image-filter',
  implements: [
    { xep: 231, version: '1.1', status: 'partial' },
    { xep: 66, version: '1.5' },
  ],
  enter: (stanza, _session, ctx) => filter(stanza, ctx),
})

function filter(stanza: Stanza, ctx: Context): Promise<void> | undefined {
  const { element } = stanza
  const payload = stanza.kind === 'iq' ? element.getChildElements()[0] : undefined
  // Answered from what is known to be clean, which is nothing yet; never by another client.
  if (payload?.getNS() === NS_BOB) throw new StanzaFault({ condition: 'item-not-found' })
  if (isProfile(stanza, payload)) return undefined

  const images = scanForInlineImages(element)
  // Before anything is removed: what refers to an image may be what has to go.
  const referenced = images.some(({ kind }) => kind === 'bob') ? referencedCids(element) : new Set<string>()
  const isOwn = (url: string) => isOwnLink(url, ctx.publicUrl())
  for (const visited of walk(element)) {
    assertAllowed(visited)
    stripReferences(visited, isOwn)
  }
  const left = images.filter((image) => isPartOf(image.element, element))
  const bits = settle(left, stanza)
  return bits.length === 0 ? undefined : cleanBits(element, bits, referenced, ctx)
}

/** What an account says about itself is judged where it is kept: the feature knows what each item may hold. */
function isProfile({ kind, to, from }: Stanza, payload: Element | undefined): boolean {
  if (kind !== 'iq' || !payload || (to && !to.equals(from.bare))) return false
  const namespace = payload.getNS() ?? ''
  return namespace === NS_VCARD || namespace.startsWith(NS_PUBSUB)
}

/** Deals with everything that needs no sanitizer; returns what does. @throws StanzaFault */
function settle(images: readonly InlineImage[], stanza: Stanza): BitsOfBinary[] {
  const bits: BitsOfBinary[] = []
  for (const image of images) {
    switch (image.kind) {
      case 'data-uri':
        stripDataImages(image.element, image.attribute)
        break
      case 'bob':
        bits.push(image)
        break
      case 'encoded':
        // Who asks the server, or about oneself, reaches nobody else; the feature that answers knows what it takes.
        if (stanza.kind === 'iq' && stanza.to?.isFull !== true) break
        throw new StanzaFault({
          condition: 'policy-violation',
          text: `<${image.element.name}/> holds encoded data that cannot be checked for images. Please share files by upload.`,
          app: buildImageRejected('unsupported'),
        })
      case 'avatar':
      case 'vcard':
        // Between clients it is cleaned as an avatar is; elsewhere nobody has any use for it.
        if (stanza.kind !== 'iq') throw imageRefused('unsupported')
        break
      case 'xhtml-im':
        // Stripped before.
        break
    }
  }
  return bits
}
