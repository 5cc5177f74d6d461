import { NS_PUBSUB_ERRORS, StanzaFault, xml } from '@drawbridge/xmpp'
import type { StanzaErrorCondition } from '@drawbridge/xmpp'

/** A fault with the condition that XEP-0060 defines beside that of RFC 6120. */
export function pubsubFault(condition: StanzaErrorCondition, name: string, text?: string): StanzaFault {
  return new StanzaFault({ condition, text, app: xml(name, { xmlns: NS_PUBSUB_ERRORS }) })
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
