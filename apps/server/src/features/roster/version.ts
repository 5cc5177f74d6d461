import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { noteOf } from './notes.ts'

/** What stands for the units while their pushes are still on the way: the version of no roster. */
const BETWEEN = '~'

/**
 * The version of an account's roster (RFC 6121 §2.6): that of its own contacts, which are kept change by change, and the
 * stamp of what its units put there, which is the same or not.
 */
export function versionText(session: Session, own: number, ctx: Context): string {
  const stamp = noteOf(session).isCatchingUp ? BETWEEN : ctx.units.stamp(session.account.bareJid)
  return stamp === '' ? String(own) : `${own}.${stamp}`
}

/** Of the version a client has: the own contacts' part, if all the rest of it holds; else only the whole roster helps. */
export function knownVersion(ver: string | undefined, session: Session, ctx: Context): number | undefined {
  const [, own, stamp = ''] = /^(\d{1,15})(?:\.([\w-]{16}))?$/.exec(ver ?? '') ?? []
  return own !== undefined && stamp === ctx.units.stamp(session.account.bareJid) ? Number(own) : undefined
}
