import { nameParams, Refusal, sentencesOf } from '@drawbridge/contract'
import type { Account as AccountView } from '@drawbridge/contract'
import { jidFrom, JidFault } from '@drawbridge/xmpp'
import type { Account as AccountRow } from '@drawbridge/db'
import { randomInt } from 'node:crypto'
import { PasswordBusy, PasswordUnfit } from '../stream/password.ts'

/** A row as the API shows it. */
export function accountView(row: AccountRow): AccountView {
  const { localpart, displayName, isAdmin, isBreakGlass, isDisabled, createdAt } = row
  return {
    name: localpart,
    ...(displayName === null ? {} : { displayName }),
    isAdmin,
    isBreakGlass,
    isDisabled,
    createdAt: createdAt.toISOString(),
  }
}

/** The prepared localpart (RFC 7622 §3.3) of a name. Throws `bad-account-name`. */
export function localpartFrom(name: string, domain: string): string {
  try {
    const { localpart } = jidFrom({ localpart: name, domainpart: domain })
    if (localpart !== undefined) return localpart
  } catch (cause) {
    if (!(cause instanceof JidFault)) throw cause
  }
  const [detail] = sentencesOf(nameParams.safeParse({ name }).error?.issues ?? [], { name })
  throw new Refusal('bad-account-name', detail === undefined ? {} : { detail })
}

// Without letters and digits that look alike.
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'

/** A password with 98 bits of chance, in groups that can be read aloud. */
export function generatePassword(): string {
  const group = () => Array.from({ length: 5 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  return [group(), group(), group(), group()].join('-')
}

/** Turns what the password code throws into what the caller may know. */
export async function withPasswordFaults<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof PasswordUnfit) throw new Refusal('weak-password', { detail: error.message })
    if (error instanceof PasswordBusy) throw new Refusal('resource-constraint', { retryAfterS: 2, cause: error })
    throw error
  }
}
