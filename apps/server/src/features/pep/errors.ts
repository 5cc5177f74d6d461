import { NS_PUBSUB_ERRORS, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, StanzaErrorCondition } from '@drawbridge/xmpp'

/** A fault with the condition that XEP-0060 defines beside that of RFC 6120. */
export function pubsubFault(condition: StanzaErrorCondition, name: string, text?: string): StanzaFault {
  return new StanzaFault({ condition, text, app: xml(name, { xmlns: NS_PUBSUB_ERRORS }) })
}

/** Nobody subscribed, so there is nothing to end (§6.2.3.2), and nothing to configure (§6.3.4.2). */
export function notSubscribed(request: Element): StanzaFault {
  const type = request.name === 'unsubscribe' ? 'cancel' : 'modify'
  const app = xml('not-subscribed', { xmlns: NS_PUBSUB_ERRORS })
  return new StanzaFault({ type, condition: 'unexpected-request', app })
}

/** A part of XEP-0060 that is not here. */
export function unsupported(feature: string): StanzaFault {
  return new StanzaFault({
    condition: 'feature-not-implemented',
    app: xml('unsupported', { xmlns: NS_PUBSUB_ERRORS, feature }),
  })
}

/** The same for an account that does not exist and for one whose things are nobody's business (SP-12). */
export function unavailable(): StanzaFault {
  return new StanzaFault({ condition: 'service-unavailable' })
}
