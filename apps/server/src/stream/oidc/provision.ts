import { Refusal } from '@drawbridge/contract'
import { appendAudit, findAccount, findReservation, insertAccount } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { ask } from '../../policy/gate.ts'
import type { Gate } from '../../policy/gate.ts'
import { newLocalpartFrom } from '../../routing/account-name.ts'
import type { Account, Accounts } from '../../routing/accounts.ts'

export interface ProvisionParts {
  readonly db: Db
  readonly domain: string
  readonly accounts: Accounts
  readonly gate: Gate
  readonly now: () => Date
}

/**
 * Makes the account of somebody whom the issuer knows and nobody here: one without a password. Nothing when the rules do not
 * let accounts be made now, or when the name is kept for somebody, taken, or none that an account may have.
 */
export function createProvision({ db, domain, accounts, gate, now }: ProvisionParts) {
  return async (name: string): Promise<Account | undefined> => {
    const localpart = nameOrNothing(name, domain)
    if (localpart === undefined) return undefined
    const at = now()
    const verdict = ask(gate, 'account.create', { at: at.getTime(), origin: 'issuer', localpart })
    if (verdict.action !== 'pass' || (await findReservation(db, localpart, at))) return undefined
    const row = await db.transaction(async (tx) => {
      const made = await insertAccount(tx, { localpart, credentials: [] })
      // Somebody was faster: the same person with another device, most likely.
      if (made === 'exists') return findAccount(tx, localpart)
      const target = `${localpart}@${domain}`
      await appendAudit(tx, { actor: target, action: 'create-account', target, detail: { origin: 'issuer' } }, at)
      return made
    })
    return row && accounts.put(row)
  }
}

function nameOrNothing(name: string, domain: string): string | undefined {
  try {
    return newLocalpartFrom(name, domain)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
