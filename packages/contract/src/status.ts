import type { SuspensionMode, SuspensionScope } from '@drawbridge/policy'

/** The public status document at /status.json, readable without sign-in: what a suspended client polls. */
export interface StatusDocument {
  readonly state: 'ok' | 'suspended'
  readonly suspensions: readonly PublicSuspension[]
}

/** What everybody may know about a suspension. Instants are RFC 3339; `until` is null when no end is known. */
export interface PublicSuspension {
  readonly id: string
  readonly scope: SuspensionScope
  readonly mode: SuspensionMode
  readonly reason: string
  readonly since: string
  readonly until: string | null
}
