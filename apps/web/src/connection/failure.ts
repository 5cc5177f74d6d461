import { findClientBlocked, isSignedOut, NS_SASL, NS_SASL2 } from '@drawbridge/xmpp'
import { findSuspensions, type Suspension } from '../protocol/suspension.ts'
import type { Element } from './element.ts'

/** Why this version is refused, and what to do: `<client-blocked/>` as far as it is shown. */
export interface ClientBlocked {
  readonly rule: string
  /** The lowest version accepted. */
  readonly minVersion: string | undefined
  /** Where to get a newer client. http and https only. */
  readonly url: string | undefined
  readonly deadline: Date | undefined
  readonly reason: string
  /** Seconds over which the server asks its clients to spread their reloads, 0 to 120. */
  readonly spreadSeconds: number
}

/** Why there is no connection, told apart as far as a person can do something different about it. */
export type Failure =
  | { readonly kind: 'client-refused'; readonly blocked: ClientBlocked }
  /** `returnMs`: when this client may come back, from the end of the suspension on. */
  | { readonly kind: 'suspended'; readonly suspensions: readonly Suspension[]; readonly returnMs?: number | undefined }
  | { readonly kind: 'account-disabled'; readonly text: string }
  | { readonly kind: 'bad-credentials' }
  /** From another device of the same person. */
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'password-needed' }
  /** With the company account: it counts for a time only. */
  | { readonly kind: 'sign-in-ended' }
  /** The server does not take what the company's issuer said of somebody. */
  | { readonly kind: 'token-refused'; readonly text: string }
  /** The server does not take anything of an issuer over this link. */
  | { readonly kind: 'token-not-offered' }
  | { readonly kind: 'untrusted-server' }
  | { readonly kind: 'try-later'; readonly text: string }
  /** `returnMs`: everybody comes back after a suspension, and this client is to come in so long. */
  | { readonly kind: 'unreachable'; readonly returnMs?: number | undefined }

/**
 * Reads a stream error, a SASL failure or a stanza error (of bind): whatever carries the reason of a refusal.
 * Undefined when it says nothing that ends the relation, so that reconnecting is right.
 */
export function failureFrom(element: Element): Failure | undefined {
  const text = element.getChildText('text') ?? ''
  const blocked = clientBlockedFrom(element, text)
  if (blocked) return { kind: 'client-refused', blocked }
  if (isSignedOut(element)) return { kind: 'signed-out' }
  const suspensions = findSuspensions(element)
  if (suspensions && suspensions.length > 0) return { kind: 'suspended', suspensions }
  if (element.getNS() === NS_SASL2) {
    // Tokens are all that this client shows by SASL2.
    if (element.getChild('account-disabled', NS_SASL)) return { kind: 'account-disabled', text }
    if (element.getChild('credentials-expired', NS_SASL)) return { kind: 'sign-in-ended' }
    if (element.getChild('not-authorized', NS_SASL)) return { kind: 'token-refused', text }
    return { kind: 'try-later', text }
  }
  if (element.getNS() === NS_SASL) {
    if (element.getChild('account-disabled')) return { kind: 'account-disabled', text }
    if (element.getChild('not-authorized') || element.getChild('credentials-expired'))
      return { kind: 'bad-credentials' }
    return { kind: 'try-later', text }
  }
  if (element.getChild('not-authorized')) return { kind: 'account-disabled', text }
  return undefined
}

/** True when trying again by itself cannot help. */
export function isFinal(failure: Failure): boolean {
  return failure.kind !== 'suspended' && failure.kind !== 'try-later' && failure.kind !== 'unreachable'
}

function clientBlockedFrom(element: Element, text: string): ClientBlocked | undefined {
  const blocked = findClientBlocked(element)
  if (!blocked) return undefined
  const { rule, min, url, deadline, reason, spreadSeconds = 0 } = blocked
  return {
    rule,
    minVersion: min,
    url: url !== undefined && /^https?:\/\//i.test(url) ? url : undefined,
    deadline,
    reason: reason ?? text,
    spreadSeconds: Math.min(120, spreadSeconds),
  }
}
