import { findJid } from '@drawbridge/xmpp'

/** Nothing for ill-formed UTF-8: replacing it would make two passwords or names the same. */
export function utf8From(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The account that a client names, with or without its domain; nothing for a name that none can have. */
export function localpartOf(name: string, domain: string): string | undefined {
  const jid = findJid(name.includes('@') ? name : `${name}@${domain}`)
  return jid?.domainpart === domain && !jid.isFull ? jid.localpart : undefined
}

/**
 * Nobody acts for anybody else: the only authzid is one's own bare JID (threats AU-01 to AU-04), and the one that the
 * stream was opened for (XEP-0388 §3.4).
 */
export function isOwnAuthzid(authzid: string, { localpart, domain, from }: Claimant): boolean {
  if (authzid === '') return true
  const jid = findJid(authzid)
  if (!jid || jid.isFull || localpart === undefined) return false
  if (jid.localpart !== localpart || jid.domainpart !== domain) return false
  return from === undefined || findJid(from)?.bareString === jid.toString()
}

export interface Claimant {
  readonly localpart: string | undefined
  readonly domain: string
  readonly from: string | undefined
}
