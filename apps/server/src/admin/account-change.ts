import type { Account as AccountView } from '@drawbridge/contract'
import type { Account as AccountRow } from '@drawbridge/db'
import { randomInt } from 'node:crypto'

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

// Without letters and digits that look alike.
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'

/** A password with 98 bits of chance, in groups that can be read aloud. */
export function generatePassword(): string {
  const group = () => Array.from({ length: 5 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  return [group(), group(), group(), group()].join('-')
}
