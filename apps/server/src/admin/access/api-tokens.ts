import { findApiToken, touchApiToken } from '@drawbridge/db'
import type { Account as AccountRow, ApiToken, Db } from '@drawbridge/db'
import { createHash, randomBytes } from 'node:crypto'

/** What every token begins with, so that scanners of source code know one when somebody has checked it in. */
const PREFIX = 'dbt_'
const SECRET = /^dbt_[A-Za-z0-9_-]{43}$/u
/** That often is noted that a token is in use, in milliseconds. */
const TOUCH_MS = 60_000

/** A new secret. 256 bits of chance: a plain hash of it says nothing about it. */
export function makeApiTokenSecret(): string {
  return PREFIX + randomBytes(32).toString('base64url')
}

/** Whether something sent as a bearer token is meant to be an API token. */
export function isApiTokenSecret(text: string): boolean {
  return SECRET.test(text)
}

export function apiTokenHash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** The token of a secret while it is good, noted as in use. Asked of the database each time: it ends at once. */
export async function useApiToken(
  db: Db,
  secret: string,
  { at, from }: { readonly at: Date; readonly from: string },
): Promise<{ token: ApiToken; account: AccountRow } | undefined> {
  const found = await findApiToken(db, apiTokenHash(secret), at)
  if (!found) return undefined
  const usedAt = found.token.usedAt?.getTime() ?? 0
  if (at.getTime() - usedAt > TOUCH_MS || found.token.usedFrom !== from) {
    await touchApiToken(db, found.token.id, at, from)
  }
  return found
}
