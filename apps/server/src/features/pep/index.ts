import { deletePepTraces } from '@drawbridge/db'
import {
  NS_BOOKMARKS,
  NS_BOOKMARKS_CONVERSION,
  NS_MDS_SERVER_ASSIST,
  NS_PUBSUB,
  NS_PUBSUB_OWNER,
  NS_PUBSUB_PUBLISH_OPTIONS,
} from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import { askAgain, getPending, takeAnswer } from './approval.ts'
import { accountNodes, listNodes } from './disco.ts'
import { stripForgedEvents, takeDisplayed } from './messages.ts'
import { notify, sendGranted, sendLastItems, stopFollowing } from './notify.ts'
import { packStore } from './renewal.ts'
import { answerBy, GET, GET_OWNER, SET, SET_OWNER } from './requests.ts'

/**
 * XEP-0163: Personal Eventing Protocol: every account is a service of XEP-0060, with nodes for what it publishes
 * (XEP-0222) and for what only its own clients are to know (XEP-0223), bookmarks (XEP-0402), what was displayed
 * (XEP-0490) and a vCard (XEP-0292) among them.
 */
export const pep = defineFeature({
  name: 'pep',
  imageStores: [packStore],
  implements: [
    { xep: 60, version: '1.30.0' },
    { xep: 163, version: '1.2.2' },
    { xep: 222, version: '1.0' },
    { xep: 223, version: '1.1.1' },
    { xep: 292, version: '0.12.0' },
    { xep: 402, version: '1.2.0' },
    { xep: 411, version: '1.1.0' },
    { xep: 490, version: '1.0.1' },
    { xep: 492, version: '0.2.0' },
  ],
  identities: { account: [{ category: 'pubsub', type: 'pep' }] },
  accountDisco: [
    NS_PUBSUB,
    NS_PUBSUB_PUBLISH_OPTIONS,
    ...[
      'access-authorize',
      'access-open',
      'access-presence',
      'access-roster',
      'access-whitelist',
      'auto-create',
      'auto-subscribe',
      'config-node',
      'config-node-max',
      'create-and-configure',
      'create-nodes',
      'delete-items',
      'delete-nodes',
      'filtered-notifications',
      'get-pending',
      'item-ids',
      'last-published',
      'manage-subscriptions',
      'member-affiliation',
      'meta-data',
      'modify-affiliations',
      'multi-items',
      'outcast-affiliation',
      'persistent-items',
      'presence-notifications',
      'presence-subscribe',
      'publish',
      'publish-only-affiliation',
      'publisher-affiliation',
      'purge-nodes',
      'retract-items',
      'retrieve-affiliations',
      'retrieve-default',
      'retrieve-default-sub',
      'retrieve-items',
      'retrieve-subscriptions',
      'rsm',
      'subscribe',
      'subscription-notifications',
      'subscription-options',
    ].map((name) => `${NS_PUBSUB}#${name}`),
    `${NS_BOOKMARKS}#compat`,
    `${NS_BOOKMARKS}#compat-pep`,
    NS_BOOKMARKS_CONVERSION,
    NS_MDS_SERVER_ASSIST,
  ],
  discoNodes: [accountNodes],
  accountItems: listNodes,
  commands: [getPending],
  iq: [
    { type: 'get', to: 'account', xmlns: NS_PUBSUB, name: 'pubsub', handle: answerBy(GET) },
    { type: 'set', to: 'account', xmlns: NS_PUBSUB, name: 'pubsub', handle: answerBy(SET) },
    { type: 'get', to: 'account', xmlns: NS_PUBSUB_OWNER, name: 'pubsub', handle: answerBy(GET_OWNER) },
    { type: 'set', to: 'account', xmlns: NS_PUBSUB_OWNER, name: 'pubsub', handle: answerBy(SET_OWNER) },
  ],
  message: {
    amend(draft, ctx) {
      stripForgedEvents(draft)
      takeDisplayed(draft, ctx)
    },
    notify: takeAnswer,
  },
  on: {
    'account.deleted': ({ localpart }, ctx) => deletePepTraces(ctx.db, `${localpart}@${ctx.domain}`),
    'pep.changed': notify,
    'pep.shown': notify,
    async 'session.available'(event, ctx) {
      await sendLastItems(event, ctx)
      await askAgain(event, ctx)
    },
    'session.unavailable': stopFollowing,
    'disco.known': sendLastItems,
    'presence.granted': sendGranted,
  },
})
