import { changeRosterItem, type Db, findAccount } from '@drawbridge/db'
import type { AdminClient } from '../admin-client.ts'

/** Somebody who was made and can sign in; the password is known only now. */
export interface Newcomer {
  readonly name: string
  readonly password: string
  readonly isAdmin: boolean
}

/** Makes the administrator of a service that has no account yet. */
export async function createFirstAdmin(admin: AdminClient): Promise<Newcomer | undefined> {
  const { accounts } = await admin('listAccounts', { query: { limit: 1 } })
  if (accounts.length > 0) return undefined
  const { account, password } = await admin('createAccount', { body: { name: 'admin', isAdmin: true } })
  return password === undefined ? undefined : { name: account.name, password, isAdmin: true }
}

/** Makes alice and bob, each the other's contact, unless they are there. Returns those who were made. */
export async function createDemo(admin: AdminClient, db: Db, domain: string): Promise<Newcomer[]> {
  const { results } = await admin('importAccounts', { body: { accounts: [{ name: 'alice' }, { name: 'bob' }] } })
  for (const [owner, contact] of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const) {
    const account = await findAccount(db, owner)
    if (!account) continue
    await changeRosterItem(db, account.id, `${contact}@${domain}`, (item) =>
      item?.subscription === 'both'
        ? undefined
        : {
            name: `${contact.charAt(0).toUpperCase()}${contact.slice(1)}`,
            groups: [],
            subscription: 'both',
            isAsk: false,
            isApproved: false,
          },
    )
  }
  return results.flatMap(({ name, password }) => (password === undefined ? [] : [{ name, password, isAdmin: false }]))
}
