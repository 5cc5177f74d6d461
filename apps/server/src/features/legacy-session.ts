import { NS_SESSION, xml } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { IqRoute } from '../routing/feature.ts'

/** COMPAT(clients of RFC 3921, until they are gone): establishing a session, which binding does. Nothing happens. */
export const legacySession = defineFeature({
  name: 'legacy-session',
  implements: [],
  streamFeatures: [() => xml('session', { xmlns: NS_SESSION }, xml('optional'))],
  iq: [established('server'), established('own')],
})

function established(to: 'server' | 'own'): IqRoute {
  return { type: 'set', to, xmlns: NS_SESSION, name: 'session', handle: () => undefined }
}
