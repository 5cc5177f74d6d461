import { findJid, NS_SID, stripCarbons, stripDelays, stripMamResults, stripStanzaIds } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { Draft } from '../routing/feature.ts'

/**
 * XEP-0359: Unique and Stable Stanza IDs. The ids themselves are given where a message is delivered (`stampedFor`);
 * here everything goes that only a server may say and that a client said: ids of our archives (SP-04), carbons (SP-02),
 * archive results (SP-03), delays in our name (SP-08). What is inside a forwarded message is a quotation and stays.
 */
export const stanzaIds = defineFeature({
  name: 'stanza-ids',
  implements: [
    { xep: 359, version: '0.7.0' },
    { xep: 203, version: '2.0' },
  ],
  disco: [NS_SID],
  accountDisco: [NS_SID],
  message: {
    amend: (draft, { domain }) => stripForged(draft, domain),
  },
})

function stripForged({ stanza, sender, origin }: Draft, domain: string): void {
  // What the server itself sends on somebody's behalf carries these by right.
  if (origin === 'server') return
  const { element } = stanza
  // Every address of this domain is ours: the server, its accounts, its rooms. One that is no address is worth nothing.
  const isOurs = (address: string) => {
    const domainpart = findJid(address)?.domainpart ?? domain
    return domainpart === domain || domainpart.endsWith(`.${domain}`)
  }
  stripStanzaIds(element, isOurs)
  stripCarbons(element)
  stripMamResults(element)
  // A client that sends again after a resumption stamps the time of the first try, in its own name (XEP-0198 §5).
  const own = sender?.jid.bareString
  stripDelays(element, (from) => from !== undefined && isOurs(from) && findJid(from)?.bareString !== own)
}
