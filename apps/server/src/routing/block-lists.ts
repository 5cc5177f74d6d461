import { NS_BLOCKING_ERRORS, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Jid, Stanza } from '@drawbridge/xmpp'

const NONE: readonly string[] = []

/** Whom each account blocks (XEP-0191), all in memory: it is asked about for every stanza. */
export interface BlockLists {
  /** Addresses an account blocks, oldest first. */
  of(owner: string): readonly string[]
  /** Replaces the list of an account; an empty one is forgotten. */
  set(owner: string, jids: readonly string[]): void
  /** Whether an account, by its bare JID, blocks this address: itself, its bare JID, its host. */
  blocks(owner: string, jid: Jid): boolean
}

/** Lists without entries; the feature fills them at the start. */
export function createBlockLists(): BlockLists {
  const lists = new Map<string, { readonly jids: readonly string[]; readonly set: ReadonlySet<string> }>()
  return {
    of: (owner) => lists.get(owner)?.jids ?? NONE,
    set(owner, jids) {
      if (jids.length === 0) lists.delete(owner)
      else lists.set(owner, { jids, set: new Set(jids) })
    },
    blocks(owner, jid) {
      const blocked = lists.get(owner)?.set
      return blocked !== undefined && matches(blocked, jid)
    },
  }
}

/**
 * Lets a stanza pass unless the sender blocks the addressee, or the addressee the sender. Presence of the blocked
 * vanishes where it is handed out (XEP-0191 §3.3); the rest sounds as if nobody were there.
 *
 * @throws StanzaFault `not-acceptable` to whoever blocks, `service-unavailable` to whoever is blocked
 */
export function refuseBlocked({ kind, from, to }: Pick<Stanza, 'kind' | 'from' | 'to'>, lists: BlockLists): void {
  if (!to || to.localpart === undefined || to.bareString === from.bareString) return
  if (lists.blocks(from.bareString, to)) {
    // §3.3: "the user's server MUST NOT route the stanza to the contact but instead MUST return a <not-acceptable/> error".
    const app = xml('blocked', { xmlns: NS_BLOCKING_ERRORS })
    throw new StanzaFault({ type: 'cancel', condition: 'not-acceptable', text: 'You have blocked this contact.', app })
  }
  if (kind === 'presence' || !lists.blocks(to.bareString, from)) return
  throw new StanzaFault({ condition: 'service-unavailable' })
}

/** An entry matches as a full JID, a bare JID, a host with resource, or a host (XEP-0191 §3.1, after XEP-0016 §2.1). */
function matches(blocked: ReadonlySet<string>, jid: Jid): boolean {
  const { domainpart, resourcepart } = jid
  return (
    blocked.has(jid.bareString) ||
    blocked.has(domainpart) ||
    (resourcepart !== undefined && (blocked.has(jid.toString()) || blocked.has(`${domainpart}/${resourcepart}`)))
  )
}
