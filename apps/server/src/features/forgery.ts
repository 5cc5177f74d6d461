import {
  findIqPayload,
  findJid,
  NS_BIND,
  NS_BLOCKING,
  NS_CARBONS,
  NS_CLIENT_ACCESS,
  NS_EXTERNAL_SERVICES,
  NS_MAM,
  NS_PRIVACY,
  NS_PRIVATE,
  NS_PUSH,
  NS_ROSTER,
  NS_SESSION,
  NS_SID,
  StanzaFault,
  stripCarbons,
  stripDelays,
  stripMamResults,
  stripModeration,
  stripRoomOnly,
  stripStanzaIds,
} from '@drawbridge/xmpp'
import type { IqStanza, MessageStanza, PresenceStanza } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { Session } from '../stream/session.ts'

/**
 * What is spoken between a client and its own server, and never from one client to another: a push of it that comes from
 * somebody else must not reach a client that forgets to look at `from` (SP-05, CVE-2015-8688; RFC 6121 §2.1.6).
 */
const BETWEEN_CLIENT_AND_SERVER: ReadonlySet<string> = new Set([
  NS_BIND,
  NS_BLOCKING,
  NS_CARBONS,
  NS_CLIENT_ACCESS,
  NS_EXTERNAL_SERVICES,
  NS_MAM,
  NS_PRIVACY,
  NS_PRIVATE,
  NS_PUSH,
  NS_ROSTER,
  NS_SESSION,
])

/**
 * Nobody speaks for a server or a room. Everything goes that only those may say and that a client or a component said:
 * ids of our archives (XEP-0359, SP-04), carbons (SP-02), archive results (SP-03), delays in our name (XEP-0203, SP-08),
 * what rooms say about their people (MU-11). What is inside a forwarded message is a quotation and stays.
 */
export const forgery = defineFeature({
  name: 'forgery',
  implements: [
    { xep: 359, version: '0.7.0' },
    { xep: 203, version: '2.0' },
  ],
  disco: [NS_SID],
  accountDisco: [NS_SID],
  enter: (stanza, session, { domain }) => {
    if (stanza.kind === 'iq') refuseServersRequest(stanza, domain)
    else stripForged(stanza, session, domain)
    return undefined
  },
})

/** Whoever is asked at a full JID is a device, of an account or behind an occupant. Said before anything is looked up. */
function refuseServersRequest(stanza: IqStanza, domain: string): void {
  const { to, type } = stanza
  if (!to?.isFull || to.localpart === undefined || (type !== 'get' && type !== 'set')) return
  // Whoever is elsewhere cannot be reached at all, which is what is said then.
  if (to.domainpart !== domain && !to.domainpart.endsWith(`.${domain}`)) return
  if (!BETWEEN_CLIENT_AND_SERVER.has(findIqPayload(stanza)?.getNS() ?? '')) return
  throw new StanzaFault({ condition: 'forbidden', text: 'Only its own server says this to a client.' })
}

/** @param session - absent where a component speaks, which may be a room itself. */
function stripForged(
  { element, to, kind }: MessageStanza | PresenceStanza,
  session: Session | undefined,
  domain: string,
): void {
  // Every address of this domain is ours: the server, its accounts, its rooms. One that is no address is worth nothing.
  const isOurs = (address: string | undefined) => {
    const domainpart = (address === undefined ? undefined : findJid(address)?.domainpart) ?? domain
    return domainpart === domain || domainpart.endsWith(`.${domain}`)
  }
  stripStanzaIds(element, isOurs)
  stripCarbons(element)
  stripMamResults(element)
  // A client that sends a message again after a resumption stamps the time of the first try, in its own name (XEP-0198 §5).
  const isOwn = (from: string | undefined) =>
    kind === 'message' && from !== undefined && findJid(from)?.bareString === session?.jid.bareString
  stripDelays(element, (from) => isOurs(from) && !isOwn(from))
  if (!session) return
  // Towards rooms, ours and others', invitations and their refusals are a client's to send (XEP-0045 §7.8.2).
  if (to && to.domainpart !== domain) return
  stripRoomOnly(element)
  stripModeration(element)
}
