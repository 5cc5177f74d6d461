import type { SaltedKey } from './scram.ts'
import type { TokenKey } from './token.ts'

/** What may be kept to sign in again: keys that can be used, and not read (docs/adr/0005). */
export type KeptSecret = { readonly salted: SaltedKey } | { readonly token: TokenKey }

/** The secret of one sign-in: what was typed, or what an earlier sign-in left. */
export type Secret = { readonly password: string } | KeptSecret
