import { Refusal } from '@drawbridge/contract'
import type { Account as AccountView } from '@drawbridge/contract'
import { countAdmins, findAccount } from '@drawbridge/db'
import type { Account as AccountRow, Db } from '@drawbridge/db'
import { randomInt } from 'node:crypto'

/** A row as the API shows it. */
export function accountView(row: AccountRow): AccountView {
  const { localpart, displayName, isAdmin, isBreakGlass, isDisabled, roles, administers, createdAt } = row
  return {
    name: localpart,
    ...(displayName === null ? {} : { displayName }),
    isAdmin,
    isBreakGlass,
    isDisabled,
    roles: isAdmin ? ['administrator', ...roles] : roles,
    administers,
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

/** Refuses what would leave nobody who can sign in to undo it. */
export async function keepAnAdministrator(tx: Db, localpart: string): Promise<void> {
  const admins = await countAdmins(tx)
  const account = await findAccount(tx, localpart)
  if (account?.isAdmin === true && !account.isDisabled && admins === 1) throw new Refusal('last-administrator')
}
