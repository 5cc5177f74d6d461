import type { RosterItem } from '@drawbridge/db'
import type { Context, DomainEvents } from '../../routing/feature.ts'
import { hasTo } from '../../routing/rosters.ts'
import type { Unit } from '../../routing/units.ts'
import { sendCurrentPresence, sendUnavailable } from './fan-out.ts'
import { noteOf } from './notes.ts'
import { push } from './push.ts'

/** What a change of a unit means for one contact list. */
interface Change {
  /** Contacts whose entry may be another now. */
  readonly entries: readonly string[]
  readonly gained: readonly string[]
  readonly lost: readonly string[]
}

/**
 * A unit has changed: everybody online whose contact list it is part of hears of each entry and of the presence behind
 * it (RFC 6121 §2.1.6). One list per turn of the loop, so that a large unit holds nobody up.
 */
export async function followUnit({ before, after }: DomainEvents['unit.changed'], ctx: Context): Promise<void> {
  const online = new Set(Array.from(ctx.sessions.all(), ({ account }) => account.bareJid))
  const moved = symmetricDifference(before?.members, after?.members)
  for (const owner of online) {
    const change = changeFor(owner, before, after, moved)
    if (change.entries.length === 0) continue
    tell(owner, change, ctx)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A name of the company's has changed: it is in the lists of whoever sees the contact by a unit. */
export function followName({ bareJid }: DomainEvents['account.renamed'], ctx: Context): void {
  const online = new Set(Array.from(ctx.sessions.all(), ({ account }) => account.bareJid))
  for (const owner of online) {
    if (ctx.units.shared(owner, bareJid)?.hasTo) tell(owner, { entries: [bareJid], gained: [], lost: [] }, ctx)
  }
}

function changeFor(owner: string, before: Unit | undefined, after: Unit | undefined, moved: readonly string[]): Change {
  const saw = isShownTo(before, owner)
  const sees = isShownTo(after, owner)
  if (!saw && !sees) return { entries: [], gained: [], lost: [] }
  const isSame = saw && sees && before?.displayName === after?.displayName
  const others = isSame ? moved : [...new Set([...(before?.members ?? []), ...(after?.members ?? [])])]
  const had = (jid: string) => saw && before?.members.has(jid) === true
  const has = (jid: string) => sees && after?.members.has(jid) === true
  const entries = others.filter((jid) => jid !== owner && (had(jid) || has(jid)))
  return {
    entries,
    gained: entries.filter((jid) => !had(jid)),
    lost: entries.filter((jid) => !has(jid)),
  }
}

function isShownTo(unit: Unit | undefined, viewer: string): boolean {
  return unit?.roster === 'everybody' || (unit?.roster === 'members' && unit.members.has(viewer))
}

function tell(owner: string, { entries, gained, lost }: Change, ctx: Context): void {
  const roster = ctx.rosters.find(owner)
  if (!roster) return
  const { version } = roster
  // A client that loses its connection between these pushes must not believe that it has them all (RFC 6121 §2.6.2).
  const last = entries.length - 1
  for (const [index, jid] of entries.entries()) {
    for (const session of ctx.sessions.of(owner)) noteOf(session).isCatchingUp = index < last
    push(ctx, owner, roster.items.get(jid) ?? removed(jid, version))
  }
  for (const jid of lost) if (!hasTo(roster.items.get(jid))) sendUnavailable(ctx, jid, owner)
  for (const jid of gained) sendCurrentPresence(ctx, jid, owner)
}

function removed(jid: string, version: number): RosterItem {
  return {
    accountId: '',
    jid,
    name: null,
    groups: [],
    subscription: 'remove',
    isAsk: false,
    isApproved: false,
    version,
  }
}

function symmetricDifference(a: ReadonlySet<string> = new Set(), b: ReadonlySet<string> = new Set()): string[] {
  return [...a].filter((jid) => !b.has(jid)).concat([...b].filter((jid) => !a.has(jid)))
}
