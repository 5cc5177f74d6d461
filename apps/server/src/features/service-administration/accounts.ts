import { ADMIN_ROUTES } from '@drawbridge/contract'
import { countRosterItems, findAccount } from '@drawbridge/db'
import { errorText, findJid, NS_ROSTER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Form } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import { faultFrom } from '../../routing/faults.ts'
import type { AdHocCommand, Context } from '../../routing/feature.ts'
import {
  accountField,
  accountFrom,
  accountsField,
  addressesFrom,
  command,
  fields,
  formOf,
  info,
  nameFrom,
  result,
  unacceptable,
  value,
} from './command.ts'

/** XEP-0133 §4.1 to §4.10: one account, or each of some. */
export const accountCommands: readonly AdHocCommand[] = [
  {
    ...command('add-user', 'Add User', 'account.write'),
    form: fields(
      { ...accountField(), label: 'The address of the new account' },
      { name: 'password', type: 'text-private', label: 'Its password; leave it empty to have one made' },
      { name: 'password-verify', type: 'text-private', label: 'The same again' },
    ),
    async execute(form, { account }, ctx) {
      const password = value(form, 'password')
      if (password !== value(form, 'password-verify')) throw unacceptable('The two passwords differ.')
      const name = nameFrom(value(form, 'accountjid') ?? '', ctx)
      const body = { name, ...(password === undefined ? {} : { password }) }
      const made = await ctx.administrate(account, 'createAccount', { body })
      const secret = made.password === undefined ? '' : ` Its password is ${made.password} and is not shown again.`
      return info(`${name}@${ctx.domain} was added.${secret}`)
    },
  },
  forEachAccount('delete-user', 'Delete User', 'deleteAccount', 'deleted'),
  forEachAccount('disable-user', 'Disable User', 'disableAccount', 'disabled'),
  forEachAccount('reenable-user', 'Re-Enable User', 'enableAccount', 'enabled'),
  {
    ...command('end-user-session', 'End User Session', 'account.support'),
    form: fields(accountsField()),
    execute: endSessions,
  },
  {
    ...command('change-user-password', 'Change User Password', 'account.support'),
    form: fields(accountField(), { name: 'password', type: 'text-private', label: 'New password', isRequired: true }),
    async execute(form, { account }, ctx) {
      const name = nameFrom(value(form, 'accountjid') ?? '', ctx)
      const password = value(form, 'password')
      if (password === undefined) throw unacceptable('A new password is needed.')
      await ctx.administrate(account, 'setPassword', { params: { name }, body: { password } })
      return info(`The password of ${name}@${ctx.domain} was changed, and its sessions have ended.`)
    },
  },
  {
    ...command('get-user-roster', 'Get User Roster', 'roster.read'),
    form: fields(accountsField()),
    execute: readRoster,
  },
  {
    ...command('get-user-lastlogin', 'Get User Last Login Time', 'account.read'),
    form: fields(accountsField()),
    async execute(form, _session, ctx) {
      const found = addressesFrom(form).map((address) => accountFrom(address, ctx))
      const times: string[] = []
      for (const { localpart } of found) {
        const at = (await findAccount(ctx.db, localpart))?.signedInAt
        times.push(at?.toISOString() ?? 'never')
      }
      // One time for each address, in their order.
      return result(accountsField(found.map(({ bareJid }) => bareJid)), { name: 'lastlogin', values: times })
    },
  },
  {
    ...command('user-stats', 'Get User Statistics', 'session.read'),
    form: fields(accountField()),
    async execute(form, _session, ctx) {
      const found = accountFrom(value(form, 'accountjid') ?? '', ctx)
      const sessions = ctx.sessions.of(found.bareJid)
      return result(
        accountField([found.bareJid]),
        { name: 'ipaddresses', type: 'text-multi', values: sessions.map(({ remoteAddress }) => remoteAddress) },
        { name: 'rostersize', values: [String(await countRosterItems(ctx.db, found.id))] },
        { name: 'onlineresources', type: 'text-multi', values: sessions.map(({ jid }) => jid.resourcepart ?? '') },
      )
    },
  },
]

/**
 * Does one operation to each of some accounts, in the order given. What fails is said of each, beside what was done; where
 * nothing was, the first failure is the answer.
 */
function forEachAccount(
  name: string,
  title: string,
  id: 'deleteAccount' | 'disableAccount' | 'enableAccount',
  done: string,
): AdHocCommand {
  return {
    ...command(name, title, ADMIN_ROUTES[id].permission),
    form: fields(accountsField()),
    async execute(form, { account }, ctx) {
      // Every address is checked before the first is acted on.
      const names = addressesFrom(form).map((jid) => nameFrom(jid, ctx))
      const changed: string[] = []
      const failures: { readonly jid: string; readonly fault: StanzaFault }[] = []
      for (const localpart of names) {
        const jid = `${localpart}@${ctx.domain}`
        try {
          await ctx.administrate(account, id, { params: { name: localpart } })
          changed.push(jid)
        } catch (error) {
          failures.push({ jid, fault: faultFrom(error, ctx) })
        }
      }
      const [first] = failures
      if (first && changed.length === 0) throw first.fault
      const text = [
        `${changed.join(', ')}: ${done}.`,
        ...failures.map(({ jid, fault }) => `${jid}: ${errorText(fault.text)?.getText() ?? fault.condition}`),
      ].join('\n')
      return first ? { note: { type: 'warn', text } } : info(text)
    },
  }
}

/** §4.5: every session of an account, or only the one that an address with a resource names. */
async function endSessions(form: Form | undefined, { account }: { account: Account }, ctx: Context) {
  const jids = addressesFrom(form).map((address) => {
    const jid = findJid(address)
    if (!jid?.isFull) return { name: nameFrom(address, ctx), query: {} }
    if (!ctx.sessions.find(jid)) throw new StanzaFault({ condition: 'item-not-found', text: `${address} is not here.` })
    return { name: nameFrom(jid.bareString, ctx), query: { resource: jid.resourcepart } }
  })
  let count = 0
  for (const { name, query } of jids) {
    count += (await ctx.administrate(account, 'endSessions', { params: { name }, query })).closedSessions
  }
  return info(`${count} sessions have ended.`)
}

/** §4.8: as its owner sees it. One at a time: the answer has no place for whose contact each of them is. */
async function readRoster(form: Form | undefined, { account }: { account: Account }, ctx: Context) {
  const addresses = addressesFrom(form)
  if (addresses.length > 1) throw unacceptable('One address at a time.')
  const name = nameFrom(addresses[0] ?? '', ctx)
  const { contacts } = await ctx.administrate(account, 'getRoster', { params: { name } })
  const items = contacts.map(({ jid, name: called, groups, subscription }) =>
    xml(
      'item',
      { jid, name: called, subscription },
      groups.map((group) => xml('group', {}, group)),
    ),
  )
  return {
    result: { ...formOf(accountsField(addresses)), payload: xml('query', { xmlns: NS_ROSTER }, items) },
  }
}
