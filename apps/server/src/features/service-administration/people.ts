import type { Account } from '../../routing/accounts.ts'
import type { AdHocCommand, Context } from '../../routing/feature.ts'
import { command, fields, result, unacceptable, value } from './command.ts'

/** Choices of a list's length (XEP-0133 §4.18); the last stands for `none`, which is bounded all the same. */
const LENGTHS = ['25', '50', '75', '100', '150', '200', 'none']
const LIST_MAX = 5_000

/** XEP-0133 §4.13 to §4.22: how many there are of each kind, and who. */
export const peopleCommands: readonly AdHocCommand[] = [
  ...count('registered-users', 'Registered Users', () => true),
  ...count('disabled-users', 'Disabled Users', ({ isDisabled }) => isDisabled),
  ...count('online-users', 'Online Users', isOnline),
  ...count('active-users', 'Active Users', (account, ctx) => isOnline(account, ctx) && !isIdle(account, ctx)),
  ...count('idle-users', 'Idle Users', (account, ctx) => isOnline(account, ctx) && isIdle(account, ctx)),
]

function count(kind: string, title: string, isOne: (account: Account, ctx: Context) => boolean): AdHocCommand[] {
  const field = kind.replace('-', '')
  const permission = kind === 'registered-users' || kind === 'disabled-users' ? 'account.read' : 'session.read'
  const found = (ctx: Context) => [...ctx.accounts.all()].filter((account) => isOne(account, ctx))
  return [
    {
      ...command(`get-${kind}-num`, `Get Number of ${title}`, permission),
      execute: (_form, _session, ctx) => result({ name: `${field}num`, values: [String(found(ctx).length)] }),
    },
    {
      ...command(`get-${kind}-list`, `Get List of ${title}`, permission),
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

/** Whether one device of the person at least is available. */
export function isOnline({ bareJid }: Account, { sessions }: Context): boolean {
  return sessions.of(bareJid).some(({ presence }) => presence)
}

/** Every device of the person says so itself, by away or extended away (RFC 6121 §4.7.2.1). */
function isIdle({ bareJid }: Account, { sessions }: Context): boolean {
  const shown = sessions.of(bareJid).flatMap(({ presence }) => (presence ? [presence.getChildText('show')] : []))
  return shown.every((show) => show === 'away' || show === 'xa')
}
