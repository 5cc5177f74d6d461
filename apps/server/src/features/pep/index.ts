import { NS_PUBSUB, NS_PUBSUB_OWNER, NS_PUBSUB_PUBLISH_OPTIONS } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import { getPubsub, setPubsub } from './items.ts'
import { notify, sendGranted, sendLastItems } from './notify.ts'
import { getOwner, setOwner } from './owner.ts'

/**
 * XEP-0163: Personal Eventing Protocol, with what it needs of XEP-0060: publishing, reading, retracting, and nodes of
 * one's own, public (XEP-0222) or private (XEP-0223). Nobody subscribes: a client's capabilities say what it wants.
 */
export const pep = defineFeature({
  name: 'pep',
  implements: [
    { xep: 163, version: '1.2.2' },
    { xep: 60, version: '1.30.0', status: 'partial' },
    { xep: 222, version: '1.0', status: 'partial' },
    { xep: 223, version: '1.1.1' },
  ],
  accountDisco: [
    NS_PUBSUB,
    NS_PUBSUB_PUBLISH_OPTIONS,
    ...[
      'access-open',
      'access-presence',
      'access-whitelist',
      'auto-create',
      'config-node',
      'create-and-configure',
      'create-nodes',
      'delete-nodes',
      'filtered-notifications',
      'item-ids',
      'last-published',
      'multi-items',
      'persistent-items',
      'presence-notifications',
      'publish',
      'retract-items',
      'retrieve-items',
    ].map((name) => `${NS_PUBSUB}#${name}`),
  ],
  iq: [
    { type: 'get', to: 'account', xmlns: NS_PUBSUB, name: 'pubsub', handle: getPubsub },
    { type: 'set', to: 'account', xmlns: NS_PUBSUB, name: 'pubsub', handle: setPubsub },
    { type: 'get', to: 'account', xmlns: NS_PUBSUB_OWNER, name: 'pubsub', handle: getOwner },
    { type: 'set', to: 'account', xmlns: NS_PUBSUB_OWNER, name: 'pubsub', handle: setOwner },
  ],
  on: {
    'pep.changed': notify,
    'session.available': sendLastItems,
    'disco.known': sendLastItems,
    'presence.granted': sendGranted,
  },
})
