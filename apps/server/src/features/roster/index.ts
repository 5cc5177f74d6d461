import { NS_PRE_APPROVAL, NS_ROSTER, NS_ROSTER_VERSIONING, xml } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import { followAvatar, followBlocking, followDeletion, followSuspensions } from './changes.ts'
import { getRoster, setRoster } from './items.ts'
import { befriend } from './invited.ts'
import { followName, followUnit } from './units.ts'
import { endPresence, handlePresence } from './presence.ts'

/**
 * RFC 6121 §2 to §4 (with XEP-0237, now §2.6): contacts, who may see whom, and who is there. `subscription.ts` has the
 * states, `subscribe.ts` what a stanza does to both sides, `presence.ts` and `fan-out.ts` who gets which presence.
 */
export const roster = defineFeature({
  name: 'roster',
  implements: [
    { xep: 237, version: '1.3' },
    { xep: 379, version: '0.3.3' },
  ],
  disco: [NS_ROSTER],
  accountDisco: [NS_ROSTER],
  streamFeatures: [() => xml('ver', { xmlns: NS_ROSTER_VERSIONING }), () => xml('sub', { xmlns: NS_PRE_APPROVAL })],
  // `account`, so that another's roster is refused by name and not for want of a handler (§2.1.5).
  iq: [
    { type: 'get', to: 'account', xmlns: NS_ROSTER, name: 'query', handle: getRoster },
    { type: 'set', to: 'account', xmlns: NS_ROSTER, name: 'query', handle: setRoster },
  ],
  presence: handlePresence,
  session: { ended: endPresence },
  on: {
    'blocking.changed': followBlocking,
    'avatar.changed': followAvatar,
    'account.deleted': followDeletion,
    'unit.changed': followUnit,
    'invitation.accepted': befriend,
    'account.renamed': followName,
    'suspensions.changed': followSuspensions,
  },
})
