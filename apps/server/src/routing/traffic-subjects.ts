import type { Jid } from '@drawbridge/xmpp'
import type { TrafficSubject } from '../traffic.ts'
import type { Account } from './accounts.ts'
import type { Context } from './context.ts'
import type { Unit } from './units.ts'

/** Everything is the service's traffic; what nobody here did is nobody else's. */
const NOBODY: readonly TrafficSubject[] = [{ kind: 'service', id: '' }]

interface Known {
  /** Another list as soon as the account is in other units. */
  readonly units: readonly Unit[]
  readonly subjects: readonly TrafficSubject[]
}
const known = new WeakMap<Account, Known>()

/**
 * Whose traffic it is when an account does something now: the service's, its own, and that of the units it is in. Made
 * when one of them changes, and not for each message.
 */
export function subjectsOf(account: Account | undefined, { units }: Pick<Context, 'units'>): readonly TrafficSubject[] {
  if (!account) return NOBODY
  const of = units.of(account.bareJid)
  const found = known.get(account)
  if (found?.units === of) return found.subjects
  const subjects: readonly TrafficSubject[] = [
    ...NOBODY,
    { kind: 'account', id: account.id, name: account.localpart },
    ...of.map(({ id, name }) => ({ kind: 'unit', id, name }) as const),
  ]
  known.set(account, { units: of, subjects })
  return subjects
}

/** The room, or whatever else a service has, at this address. Nothing for accounts and other domains. */
export function roomSubject(address: Jid | undefined, ctx: Context): TrafficSubject | undefined {
  const service = address && ctx.findService(address.domainpart)
  if (!service) return undefined
  const name = address.bareString
  return { kind: 'room', id: service.idOf?.(address, ctx) ?? name, name }
}

/** Images have a format; any other file is a file. */
export function formatSubject(type: string): TrafficSubject {
  return { kind: 'format', id: type.startsWith('image/') ? type.slice('image/'.length) : 'file' }
}
