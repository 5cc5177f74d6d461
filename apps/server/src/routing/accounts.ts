import type { Role } from '@drawbridge/contract'
import { listAccounts } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'

/** Rows of one query. */
const PAGE = 1_000

/** An account as the message path needs it: in memory, so that no stanza waits for a look-up. */
export interface Account {
  readonly id: string
  /** Prepared (RFC 7622 §3.3); also its key. */
  readonly localpart: string
  /** `localpart@domain`. */
  readonly bareJid: string
  /** The name the company gives the person; absent: what the vCard says. */
  readonly displayName: string | null
  readonly isAdmin: boolean
  readonly isBreakGlass: boolean
  readonly isDisabled: boolean
  /** What it may administer beside `isAdmin`, which is everything. */
  readonly roles: readonly Role[]
  /** Names of the units that it looks after as a unit administrator. */
  readonly administers: readonly string[]
}

/** A row of the table; what most accounts do not have may be left off. */
export type AccountRow = Omit<Account, 'bareJid' | Rare> & Partial<Pick<Account, Rare>>
type Rare = 'displayName' | 'roles' | 'administers'

/** A row as an account of this domain. */
export function accountFrom(row: AccountRow, domain: string): Account {
  const { id, localpart, displayName = null, isAdmin, isBreakGlass, isDisabled, roles = [], administers = [] } = row
  const bareJid = `${localpart}@${domain}`
  return { id, localpart, bareJid, displayName, isAdmin, isBreakGlass, isDisabled, roles, administers }
}

/** Every account of this server, kept in step with the table by whoever changes it. */
export interface Accounts {
  find(localpart: string): Account | undefined
  findByBareJid(bareJid: string): Account | undefined
  /** An account that was deleted and made anew under its old name has another id. */
  findById(id: string): Account | undefined
  readonly size: number
  all(): Iterable<Account>
  put(row: AccountRow): Account
  remove(localpart: string): void
}

/** A directory of these accounts. */
export function createAccounts(domain: string, rows: Iterable<AccountRow>): Accounts {
  const byLocalpart = new Map<string, Account>()
  const byId = new Map<string, Account>()
  const suffix = `@${domain}`
  const put = (row: AccountRow): Account => {
    const account = accountFrom(row, domain)
    const replaced = byLocalpart.get(account.localpart)
    if (replaced) byId.delete(replaced.id)
    byLocalpart.set(account.localpart, account)
    byId.set(account.id, account)
    return account
  }
  for (const row of rows) put(row)
  return {
    find: (localpart) => byLocalpart.get(localpart),
    findByBareJid: (bareJid) =>
      bareJid.endsWith(suffix) ? byLocalpart.get(bareJid.slice(0, -suffix.length)) : undefined,
    findById: (id) => byId.get(id),
    get size() {
      return byLocalpart.size
    },
    all: () => byLocalpart.values(),
    put,
    remove(localpart) {
      const account = byLocalpart.get(localpart)
      if (account) byId.delete(account.id)
      byLocalpart.delete(localpart)
    },
  }
}

/** The directory of all accounts that the database has. */
export async function loadAccounts(db: Db, domain: string): Promise<Accounts> {
  const rows: AccountRow[] = []
  for (let after: string | undefined; ;) {
    const page = await listAccounts(db, PAGE, after)
    rows.push(...page)
    after = page.at(-1)?.localpart
    if (page.length < PAGE || after === undefined) return createAccounts(domain, rows)
  }
}
