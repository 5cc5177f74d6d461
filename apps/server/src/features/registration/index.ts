import { NS_REGISTER } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import { inBand } from './in-band.ts'
import { acceptInvitation, showInvitation } from './page.ts'
import { getRegistration, setRegistration } from './own-account.ts'

/**
 * XEP-0077: In-Band Registration, for whoever has an invitation only (XEP-0445), and for the own account: its password,
 * and its end. The page of an invitation does the same in a browser (XEP-0401 §4.2).
 */
export const registration = defineFeature({
  name: 'registration',
  implements: [
    { xep: 77, version: '2.4' },
    { xep: 445, version: '0.2.0' },
  ],
  disco: [NS_REGISTER],
  registration: inBand,
  iq: (['server', 'own'] as const).flatMap((to) => [
    { type: 'get' as const, to, xmlns: NS_REGISTER, name: 'query', handle: getRegistration },
    { type: 'set' as const, to, xmlns: NS_REGISTER, name: 'query', handle: setRegistration },
  ]),
  http: [
    { method: 'GET', path: '/invite/', handle: showInvitation },
    { method: 'POST', path: '/invite/', handle: acceptInvitation },
  ],
})
