import { cleanHeaders, findIqPayload, NS_SHIM, StanzaFault } from '@drawbridge/xmpp'
import type { DiscoInfo } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { Context, IqRequest } from '../routing/feature.ts'

/** What accounts say themselves: which subscription a notification comes from (XEP-0060 §7.1.2.4). */
const OWN_HEADERS = ['SubID'] as const

/**
 * XEP-0131: Stanza Headers and Internet Metadata. They are passed on and recorded as part of a stanza, as far as no
 * gateway and no reader can be led astray by them. None of them changes what is recorded: `Store` is not among those that
 * we say we heed.
 */
export const stanzaHeaders = defineFeature({
  name: 'stanza-headers',
  implements: [{ xep: 131, version: '1.2' }],
  accountDisco: [NS_SHIM],
  discoNodes: [{ to: 'account', matches: (node) => node === NS_SHIM, info: headersInfo, items: () => [] }],
  enter(stanza) {
    // §4: "MUST NOT be a direct child of <iq/>", but inside of what it asks.
    const parent = stanza.kind === 'iq' ? findIqPayload(stanza) : stanza.element
    if (parent) cleanHeaders(parent)
    return undefined
  },
})

/** §3.2, to whoever may know what the account can do at all (XEP-0030 §8). */
async function headersInfo(_node: string, { to, isOwn, session }: IqRequest, ctx: Context): Promise<DiscoInfo> {
  const account = ctx.accounts.findByBareJid(to.bareString)
  if (!account || !(isOwn || (await ctx.rosters.isSubscriber(account, session.account.bareJid)))) {
    throw new StanzaFault({ condition: 'service-unavailable' })
  }
  return { identities: [], features: OWN_HEADERS.map((name) => `${NS_SHIM}#${name}`) }
}
