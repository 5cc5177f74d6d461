import { Refusal } from '@drawbridge/contract'
import type { ImportResult } from '@drawbridge/contract'
import {
  appendAudit,
  countAdmins,
  deleteAccount,
  deleteAdminSessions,
  forgetNames,
  endTokens,
  findAccount,
  insertAccount,
  listAccounts,
  updateAccount,
  uuidv7,
} from '@drawbridge/db'
import type { Account, Db } from '@drawbridge/db'
import { discardHeldOf } from '../policy/discard-notices.ts'
import { recordForgotten } from '../policy/forgotten.ts'
import { ask } from '../policy/gate.ts'
import { localpartFrom, newLocalpartFrom } from '../routing/account-name.ts'
import { withPasswordFaults } from '../stream/password-refusal.ts'
import { accountView, generatePassword, keepAnAdministrator } from './account-change.ts'
import { mayDo, namesOf } from './actor.ts'
import type { Actor } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { pageOf } from './page.ts'

type Ids =
  | 'listAccounts'
  | 'getAccount'
  | 'createAccount'
  | 'importAccounts'
  | 'disableAccount'
  | 'enableAccount'
  | 'endSessions'
  | 'getRoster'
  | 'setPassword'
  | 'deleteAccount'

/** Accounts: every change is one transaction with its audit row, then takes effect on live sessions. */
export function accountHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, domain, accounts, passwords, changePassword, closeSessions, closeSession } = context

  const create = async (actor: Actor, wanted: NewRow): Promise<{ account: Account; password?: string }> => {
    if (wanted.isAdmin && !mayDo(actor, 'account.grant')) throw new Refusal('forbidden')
    const localpart = newLocalpartFrom(wanted.name, domain)
    // Hashing is expensive: a name that is taken is found first, and the insert still decides.
    if (accounts.find(localpart)) throw new Refusal('account-exists')
    const facts = { at: context.now().getTime(), origin: 'administrator', localpart } as const
    const verdict = ask(context.policy.gate, 'account.create', facts)
    if (verdict.action !== 'pass') throw new Refusal(verdict.action === 'refuse' ? verdict.code : 'forbidden')
    const password = wanted.password ?? generatePassword()
    const id = uuidv7()
    const credentials = await withPasswordFaults(passwords.make({ id, localpart }, password))
    const account = await db.transaction(async (tx) => {
      const isAdmin = wanted.isAdmin ?? false
      // The first administrator is the first break-glass account.
      const isBreakGlass = isAdmin && (await countAdmins(tx)) === 0
      const made = await insertAccount(tx, { localpart, isAdmin, isBreakGlass, credentials }, id)
      if (made === 'exists') throw new Refusal('account-exists')
      await audit(tx, actor.name, 'create-account', localpart, { isAdmin, isBreakGlass })
      return made
    })
    accounts.put(account)
    return wanted.password === undefined ? { account, password } : { account }
  }
  const audit = (tx: Db, actor: string, action: string, localpart: string, detail: Record<string, unknown> = {}) =>
    appendAudit(tx, { actor, action, target: `${localpart}@${domain}`, detail }, context.now())

  const importOne = async (actor: Actor, row: NewRow): Promise<ImportResult> => {
    const { name } = row
    try {
      const { password } = await create(actor, row)
      return { name, outcome: 'created', ...(password === undefined ? {} : { password }) }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error.code === 'account-exists') return { name, outcome: 'exists' }
      return { name, outcome: 'invalid', code: error.code, reason: error.detail ?? error.message }
    }
  }
  const setDisabled = async (actor: string, name: string, isDisabled: boolean) => {
    const localpart = localpartFrom(name, domain)
    const account = await db.transaction(async (tx) => {
      if (isDisabled) await keepAnAdministrator(tx, localpart)
      const changed = await updateAccount(tx, localpart, { isDisabled })
      if (!changed) throw new Refusal('no-such-account')
      if (isDisabled) {
        await endTokens(tx, changed.id, context.now())
        await deleteAdminSessions(tx, changed.id)
      }
      await audit(tx, actor, isDisabled ? 'disable-account' : 'enable-account', localpart)
      return changed
    })
    accounts.put(account)
    if (!isDisabled) return { account: accountView(account), closedSessions: 0 }
    return { account: accountView(account), closedSessions: closeSessions(localpart, 'account-disabled') }
  }

  return {
    async listAccounts({ query: { cursor, limit = 100, text }, reach }) {
      const rows = await listAccounts(db, limit + 1, cursor, namesOf(reach), text)
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.localpart : undefined
      return { accounts: page.map(accountView), ...(next === undefined ? {} : { next }) }
    },
    async getAccount({ params }) {
      const account = await findAccount(db, localpartFrom(params.name, domain))
      if (!account) throw new Refusal('no-such-account')
      return { account: accountView(account) }
    },
    async createAccount(request) {
      const { account, ...password } = await create(actorOf(request), request.body)
      return { account: accountView(account), ...password }
    },
    async importAccounts(request) {
      const actor = actorOf(request)
      const results: ImportResult[] = []
      // A few at a time: enough to keep the hashing busy, few enough for others to sign in meanwhile. Of rows with one
      // name the first counts, so the next one waits for it.
      const earlier = new Map<string, Promise<ImportResult>>()
      const start = (row: NewRow): Promise<ImportResult> => {
        const key = row.name.normalize('NFKC').toLowerCase()
        const outcome = (earlier.get(key) ?? Promise.resolve()).then(() => importOne(actor, row))
        earlier.set(key, outcome)
        return outcome
      }
      for (let at = 0; at < request.body.accounts.length; at += IMPORT_WIDTH) {
        results.push(...(await Promise.all(request.body.accounts.slice(at, at + IMPORT_WIDTH).map(start))))
      }
      return { results }
    },
    disableAccount: (request) => setDisabled(actorOf(request).name, request.params.name, true),
    enableAccount: (request) => setDisabled(actorOf(request).name, request.params.name, false),
    async endSessions(request) {
      const localpart = localpartFrom(request.params.name, domain)
      if (!accounts.find(localpart)) throw new Refusal('no-such-account')
      const { resource } = request.query
      await audit(db, actorOf(request).name, 'end-sessions', localpart, resource === undefined ? {} : { resource })
      const why = 'ended-by-administrator'
      const closedSessions =
        resource === undefined ? closeSessions(localpart, why) : closeSession(localpart, resource, why)
      return { name: localpart, closedSessions }
    },
    async getRoster(request) {
      const localpart = localpartFrom(request.params.name, domain)
      const account = accounts.find(localpart)
      if (!account) throw new Refusal('no-such-account')
      await audit(db, actorOf(request).name, 'read-roster', localpart)
      const contacts = [...(await context.rosters.peek(account)).items.values()].flatMap((item) => {
        const { jid, name, groups, subscription } = item
        return subscription === 'remove' ? [] : [{ jid, ...(name === null ? {} : { name }), groups, subscription }]
      })
      const { page, more } = pageOf(contacts, request.query, ({ jid }) => [jid])
      return { name: localpart, contacts: page, ...more }
    },
    async setPassword(request) {
      const localpart = localpartFrom(request.params.name, domain)
      const account = await findAccount(db, localpart)
      if (!account) throw new Refusal('no-such-account')
      const password = request.body.password ?? generatePassword()
      const record = (tx: Db) => audit(tx, actorOf(request).name, 'set-password', localpart)
      const closedSessions = await withPasswordFaults(changePassword(account, password, { record }))
      const made = request.body.password === undefined ? { password } : {}
      return { account: accountView(account), closedSessions, ...made }
    },
    deleteAccount: (request) =>
      removeAccount(context, actorOf(request).name, localpartFrom(request.params.name, domain)),
  }
}

/** Deletes an account with all it holds, and ends what it has open. */
export async function removeAccount(context: AdminContext, actor: string, localpart: string) {
  const { db, domain, accounts, policy, now } = context
  const bareJid = `${localpart}@${domain}`
  await db.transaction(async (tx) => {
    await keepAnAdministrator(tx, localpart)
    // Messages wait until this is done, which hardly anybody's deletion needs.
    const forgotten = await forgetNames(tx, { accounts: localpart, bots: bareJid }, now())
    const account = await findAccount(tx, localpart)
    if (!account) throw new Refusal('no-such-account')
    const discarded = await discardHeldOf(tx, account.id, bareJid)
    if ((await deleteAccount(tx, localpart, bareJid)) === 'absent') throw new Refusal('no-such-account')
    const ended = await recordForgotten(tx, forgotten, { by: actor, name: localpart, at: now() })
    await appendAudit(tx, { actor, action: 'delete-account', target: bareJid, detail: { ...ended, discarded } }, now())
  })
  accounts.remove(localpart)
  // While its sessions stand, or nobody would know any more who has seen them.
  context.accountDeleted(localpart)
  const closedSessions = context.closeSessions(localpart, 'account-deleted')
  await policy.live.catchUp()
  return { name: localpart, closedSessions }
}

const IMPORT_WIDTH = 4

interface NewRow {
  readonly name: string
  readonly password?: string | undefined
  readonly isAdmin?: boolean | undefined
}
