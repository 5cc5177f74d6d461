/**
 * Addresses as the client handles them: strings that the server has prepared (RFC 7622). The client compares and cuts
 * them; it only prepares what a person types.
 */

/** Without the resourcepart. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf('/')
  return slash === -1 ? jid : jid.slice(0, slash)
}

export function domainpart(jid: string): string {
  const bare = bareJid(jid)
  return bare.slice(bare.indexOf('@') + 1)
}

export function localpart(jid: string): string {
  const at = bareJid(jid).indexOf('@')
  return at === -1 ? '' : jid.slice(0, at)
}

export function resourcepart(jid: string): string {
  const slash = jid.indexOf('/')
  return slash === -1 ? '' : jid.slice(slash + 1)
}

/**
 * The bare JID a person meant by `alice`, `Alice@im.test` or `xmpp:alice@im.test`; undefined when it cannot be one.
 * The server has the last word on what is allowed (RFC 8265).
 */
export function typedJid(typed: string, defaultDomain: string): string | undefined {
  const text = typed
    .trim()
    .replace(/^xmpp:/i, '')
    .normalize('NFC')
    .toLowerCase()
  const [local = '', domain = defaultDomain, ...rest] = text.split('@')
  if (rest.length > 0 || local === '' || domain === '') return undefined
  // RFC 7622 §3.3.1 lists the characters; anything that separates or hides is refused with them.
  if (/["&'/:<>\s\p{C}\p{Z}]/u.test(local) || /[^\p{L}\p{N}.\-:[\]]/u.test(domain)) return undefined
  if (new TextEncoder().encode(local).length > 1023 || domain.length > 1023) return undefined
  return `${local}@${domain}`
}
