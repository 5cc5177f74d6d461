import { appendAudit, findAccount } from '@drawbridge/db'
import { findFormValue, findJid, NS_CLIENT, StanzaFault, stanzaFrom, xml } from '@drawbridge/xmpp'
import type { Form, FormField } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { AdHocCommand, CommandOutcome, Context } from '../routing/feature.ts'
import type { Account } from '../routing/accounts.ts'

const NS_ADMIN = 'http://jabber.org/protocol/admin'
/** Choices of a list's length (XEP-0133 §4.18); the last stands for `none`, which is bounded all the same. */
const LENGTHS = ['25', '50', '75', '100', '150', '200', 'none']
const LIST_MAX = 5_000
const ANNOUNCEMENT_MAX_CHARACTERS = 10_000

/**
 * XEP-0133: Service Administration. The commands call the operations of the admin API, so that rights, checks and audit
 * are the same by XMPP, HTTP and command line.
 */
export const serviceAdministration = defineFeature({
  name: 'service-administration',
  implements: [
    {
      xep: 133,
      version: '1.3.1',
      status: 'partial',
      missing:
        'getting a password (§4.6), which nobody can; the roster of somebody else (§4.8), which is theirs; lists of those blocked and allowed (§4.11, §4.12), messages of the day and of welcome (§4.24 to §4.28), lists of administrators (§4.29), restart and shutdown (§4.30, §4.31), which are for the console',
    },
  ],
  commands: [
    {
      ...command('add-user', 'Add User'),
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
      ...command('end-user-session', 'End User Session'),
      form: fields(accountsField()),
      execute: endSessions,
    },
    {
      ...command('change-user-password', 'Change User Password'),
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
      ...command('get-user-lastlogin', 'Get User Last Login Time'),
      form: fields(accountField()),
      async execute(form, _session, ctx) {
        const found = accountFrom(form, ctx)
        const at = (await findAccount(ctx.db, found.localpart))?.signedInAt
        return result(accountField([found.bareJid]), { name: 'lastlogin', values: [at?.toISOString() ?? 'never'] })
      },
    },
    {
      ...command('user-stats', 'Get User Statistics'),
      form: fields(accountField()),
      async execute(form, _session, ctx) {
        const found = accountFrom(form, ctx)
        const sessions = ctx.sessions.of(found.bareJid)
        return result(
          accountField([found.bareJid]),
          { name: 'ipaddresses', type: 'text-multi', values: sessions.map(({ remoteAddress }) => remoteAddress) },
          { name: 'onlineresources', type: 'text-multi', values: sessions.map(({ jid }) => jid.resourcepart ?? '') },
        )
      },
    },
    ...count('registered-users', 'Registered Users', () => true),
    ...count('disabled-users', 'Disabled Users', ({ isDisabled }) => isDisabled),
    ...count('online-users', 'Online Users', isOnline),
    ...count('active-users', 'Active Users', (account, ctx) => isOnline(account, ctx) && !isIdle(account, ctx)),
    ...count('idle-users', 'Idle Users', (account, ctx) => isOnline(account, ctx) && isIdle(account, ctx)),
    {
      ...command('announce', 'Send Announcement to Online Users'),
      form: fields({ name: 'announcement', type: 'text-multi', label: 'Announcement', isRequired: true }),
      execute: announce,
    },
  ],
})

/** What all of them have in common: their node, and that they are for administrators only. */
function command(name: string, title: string): Pick<AdHocCommand, 'node' | 'name' | 'at' | 'isAllowed'> {
  return {
    node: `${NS_ADMIN}#${name}`,
    name: title,
    at: ['server', 'own'],
    isAllowed: ({ localpart }, ctx) => {
      const account = ctx.accounts.find(localpart)
      return account?.isAdmin === true && !account.isDisabled
    },
  }
}

function accountField(values?: readonly string[]): FormField {
  return { name: 'accountjid', type: 'jid-single', label: 'Address of the account', isRequired: true, values }
}

function accountsField(): FormField {
  return { name: 'accountjids', type: 'jid-multi', label: 'Addresses of the accounts', isRequired: true }
}

function fields(...list: readonly FormField[]): NonNullable<AdHocCommand['form']> {
  return () => ({ formType: NS_ADMIN, fields: list })
}

const result = (...list: readonly FormField[]): CommandOutcome => ({ result: { formType: NS_ADMIN, fields: list } })
const info = (text: string): CommandOutcome => ({ note: { type: 'info', text } })

/** Does one operation to each of some accounts, in the order given; the first that fails is the answer. */
function forEachAccount(
  name: string,
  title: string,
  id: 'deleteAccount' | 'disableAccount' | 'enableAccount',
  done: string,
): AdHocCommand {
  return {
    ...command(name, title),
    form: fields(accountsField()),
    async execute(form, { account }, ctx) {
      // Every address is checked before the first is acted on.
      const names = (form?.values.get('accountjids') ?? []).map((jid) => nameFrom(jid, ctx))
      if (names.length === 0) throw unacceptable('An address is needed.')
      for (const localpart of names) await ctx.administrate(account, id, { params: { name: localpart } })
      return info(`${names.map((localpart) => `${localpart}@${ctx.domain}`).join(', ')}: ${done}.`)
    },
  }
}

/** §4.5: every session of an account, or only the one that an address with a resource names. */
async function endSessions(form: Form | undefined, { account }: { account: Account }, ctx: Context) {
  const jids = (form?.values.get('accountjids') ?? []).map((address) => {
    const jid = findJid(address)
    if (!jid?.isFull) return { name: nameFrom(address, ctx), query: {} }
    if (!ctx.sessions.find(jid)) throw new StanzaFault({ condition: 'item-not-found', text: `${address} is not here.` })
    return { name: nameFrom(jid.bareString, ctx), query: { resource: jid.resourcepart } }
  })
  if (jids.length === 0) throw unacceptable('An address is needed.')
  let count = 0
  for (const { name, query } of jids) {
    count += (await ctx.administrate(account, 'endSessions', { params: { name }, query })).closedSessions
  }
  return info(`${count} sessions have ended.`)
}

/** XEP-0133 §4.13 to §4.22: how many accounts there are of one kind, and which. */
function count(kind: string, title: string, isOne: (account: Account, ctx: Context) => boolean): AdHocCommand[] {
  const field = kind.replace('-', '')
  const found = (ctx: Context) => [...ctx.accounts.all()].filter((account) => isOne(account, ctx))
  return [
    {
      ...command(`get-${kind}-num`, `Get Number of ${title}`),
      execute: (_form, _session, ctx) => result({ name: `${field}num`, values: [String(found(ctx).length)] }),
    },
    {
      ...command(`get-${kind}-list`, `Get List of ${title}`),
      form: fields({
        name: 'max_items',
        type: 'list-single',
        label: 'Most to show',
        values: ['25'],
        options: LENGTHS.map((length) => ({ value: length })),
      }),
      execute(form, _session, ctx) {
        const wanted = value(form, 'max_items') ?? '25'
        if (!LENGTHS.includes(wanted)) throw unacceptable('This length is not offered.')
        const jids = found(ctx).map(({ bareJid }) => bareJid)
        const values = jids.toSorted().slice(0, wanted === 'none' ? LIST_MAX : Number(wanted))
        return result({ name: `${field.slice(0, -1)}jids`, type: 'jid-multi', values })
      },
    },
  ]
}

function isOnline({ bareJid }: Account, { sessions }: Context): boolean {
  return sessions.of(bareJid).some(({ presence }) => presence)
}

/** Every device of the person says so itself, by away or extended away (RFC 6121 §4.7.2.1). */
function isIdle({ bareJid }: Account, { sessions }: Context): boolean {
  const shown = sessions.of(bareJid).flatMap(({ presence }) => (presence ? [presence.getChildText('show')] : []))
  return shown.every((show) => show === 'away' || show === 'xa')
}

/** §4.23. A headline from the server, for whoever is here now; nobody gets it later. */
async function announce(form: Form | undefined, { account }: { account: Account }, ctx: Context) {
  const text = (form?.values.get('announcement') ?? []).join('\n').trim()
  if (text === '') throw unacceptable('There is nothing to announce.')
  if (text.length > ANNOUNCEMENT_MAX_CHARACTERS) throw unacceptable('This announcement is too long.')
  const online = [...ctx.accounts.all()].filter((each) => isOnline(each, ctx))
  const row = { actor: account.bareJid, action: 'announce', target: ctx.domain, detail: { recipients: online.length } }
  await appendAudit(ctx.db, row, ctx.now())
  for (const { bareJid } of online) {
    const attrs = { xmlns: NS_CLIENT, type: 'headline', from: ctx.domain, to: bareJid }
    const element = xml('message', attrs, xml('subject', {}, 'Announcement'), xml('body', {}, text))
    void ctx.route(stanzaFrom(element, { from: ctx.domainJid }))
  }
  return info(`Sent to ${online.length} people.`)
}

function value(form: Form | undefined, name: string): string | undefined {
  return (form && findFormValue(form, name)) || undefined
}

/** The localpart of an address here. */
function nameFrom(address: string, { domain }: Context): string {
  const jid = findJid(address)
  if (jid?.localpart === undefined || jid.isFull || jid.domainpart !== domain) {
    throw unacceptable(`${address} is not the address of an account here.`)
  }
  return jid.localpart
}

function accountFrom(form: Form | undefined, ctx: Context): Account {
  const account = ctx.accounts.find(nameFrom(value(form, 'accountjid') ?? '', ctx))
  if (!account) throw new StanzaFault({ condition: 'item-not-found', text: 'There is no such account.' })
  return account
}

const unacceptable = (text: string) => new StanzaFault({ condition: 'not-acceptable', text })
