import { NS_PING } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { IqRoute } from '../routing/feature.ts'

/** XEP-0199: XMPP Ping, of the server (§4.2), also by components (§4.4), and of the own account. Between clients a ping is routed like any request. */
export const ping = defineFeature({
  name: 'ping',
  implements: [{ xep: 199, version: '2.0.1' }],
  disco: [NS_PING],
  accountDisco: [NS_PING],
  iq: [pong('server'), pong('own')],
})

function pong(to: 'server' | 'own'): IqRoute {
  const handle = () => undefined
  return { type: 'get', to, xmlns: NS_PING, name: 'ping', handle, answerComponent: handle }
}
