import {
  buildDiscoInfo,
  buildDiscoItems,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_DRAWBRIDGE_UPLOAD,
  NS_UPLOAD,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { DiscoForm, Element } from '@drawbridge/xmpp'
import type { Context, Service } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { giveSlot } from './slot.ts'

/** What a client can know before it asks for a slot (XEP-0363 §4, XEP-0128). */
export function limitsForm({ limits }: Context): DiscoForm {
  return { formType: NS_UPLOAD, fields: [{ name: 'max-file-size', values: [String(limits.maxUploadBytes)] }] }
}

/** Where files are fetched from: our own client shows images of no other origin. */
export function originForm({ mediaUrl }: Context): DiscoForm {
  return { formType: NS_DRAWBRIDGE_UPLOAD, fields: [{ name: 'origin', values: [mediaUrl()] }] }
}

/**
 * XEP-0363 §4: clients look for uploads among the items of the server, and some look nowhere else and want an identity
 * of type `file`. So the service has a domain of its own as well.
 */
export const uploadService: Service = {
  label: 'upload',
  name: 'Files',
  presence: () => undefined,
  iq(stanza, sender, ctx) {
    if (stanza.type !== 'get' && stanza.type !== 'set') return undefined
    const [payload] = stanza.element.getChildElements()
    if (!sender || !payload || stanza.type !== 'get' || stanza.to?.localpart !== undefined) throw unavailable()
    return answer(payload, sender, ctx)
  },
  message() {
    throw unavailable()
  },
  deliver: () => undefined,
}

function answer(payload: Element, sender: Session, ctx: Context): Element | Promise<Element> {
  if (payload.is('request', NS_UPLOAD)) return giveSlot(payload, sender, ctx)
  const isNode = payload.attrs['node'] !== undefined
  if (payload.is('query', NS_DISCO_ITEMS) && !isNode) return buildDiscoItems([])
  if (!payload.is('query', NS_DISCO_INFO) || isNode) throw unavailable()
  return buildDiscoInfo({
    identities: [{ category: 'store', type: 'file', name: uploadService.name }],
    features: [NS_DISCO_INFO, NS_DISCO_ITEMS, NS_UPLOAD],
    forms: [limitsForm(ctx), originForm(ctx)],
  })
}

const unavailable = () => new StanzaFault({ condition: 'service-unavailable' })
