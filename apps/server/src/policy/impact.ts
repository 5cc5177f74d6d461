import type { NewSuspension, SuspensionImpact } from '@drawbridge/contract'
import { answerOf, compileSuspension, suspensionSetting } from '@drawbridge/policy'
import type { AccountFacts, SessionFacts, SuspensionSetting } from '@drawbridge/policy'
import type { LiveSession } from './enforce.ts'
import type { Gate } from './gate.ts'

/** A suspension of more accounts than this takes two people (control §4.6). */
const LARGE_ACCOUNTS = 100

/** Features of one person at a time: suspending them hits nobody by itself. */
const WITHOUT_PEOPLE: ReadonlySet<string> = new Set(['registration', 'bots', 'hash', 'peer'])

export interface ImpactOptions {
  readonly gate: Gate
  readonly accounts: () => Iterable<AccountFacts>
  readonly sessions: () => Iterable<LiveSession>
  /** Rooms of these that an account is a member of. */
  readonly roomsOf: (localpart: string, rooms: readonly string[]) => readonly string[]
}

export type Impact = Omit<SuspensionImpact, 'approvals' | 'isTwoPersonRuleActive'> & {
  /** More than a hundred accounts, the whole service, or a cut. */
  readonly isLarge: boolean
}

/** Who would be hit by a suspension, or is: by the accounts and sessions of this node. */
export type MeasureImpact = (wanted: Pick<NewSuspension, 'scopes' | 'mode' | 'exemptions'>, at: number) => Impact

/** Builds the measurement. The same rule says who is meant that will decide. */
export function createMeasureImpact({ gate, accounts, sessions, roomsOf }: ImpactOptions): MeasureImpact {
  return ({ scopes, mode, exemptions }, at) => {
    const setting = suspensionSetting.parse({ id: 'measured', scopes, mode, reason: '', since: at, exemptions })
    const rooms = [...scopes.flatMap((scope) => valueOf(scope, 'room')), ...setting.exemptions.rooms]
    const known = (account: AccountFacts): AccountFacts => ({
      ...account,
      units: gate.unitsOf(account.localpart),
      rooms: roomsOf(account.localpart, rooms),
    })
    // Asked as a cut, every scope of people says whom it is about.
    const cut = compileSuspension({ ...setting, mode: 'cut' })
    const open = ({ account, client, entrance, remoteAddress: address }: LiveSession): SessionFacts => {
      return { at, account: known(account), client, entrance, address }
    }
    const hit = new Set<string>()
    const all = new Set<string>()
    for (const account of accounts()) {
      all.add(account.localpart)
      if (isHit(setting, known(account))) hit.add(account.localpart)
    }
    const counts = { sessions: 0, disconnected: 0, exempt: 0 }
    for (const session of sessions()) {
      const answer = answerOf(cut, 'session.open', open(session))
      if (answer.scope) hit.add(session.account.localpart)
      if (!hit.has(session.account.localpart)) continue
      counts.sessions++
      if (answer.exemption !== undefined) counts.exempt++
      else if (mode === 'cut' && answer.verdict.action === 'refuse') counts.disconnected++
    }
    const isLarge = mode === 'cut' || scopes.includes('service') || hit.size > LARGE_ACCOUNTS
    return { accounts: hit.size, ...counts, isLarge }
  }
}

/** Whether a scope concerns an account whether or not it is connected; clients and networks are seen at sessions. */
function isHit({ scopes }: SuspensionSetting, account: AccountFacts): boolean {
  return scopes.some((scope) => {
    const [kind = ''] = scope.split(':', 1)
    if (WITHOUT_PEOPLE.has(kind) || kind === 'client' || kind === 'zone') return false
    if (kind === 'group') return account.units?.includes(scope.slice('group:'.length)) === true
    if (kind === 'room') return account.rooms?.includes(scope.slice('room:'.length)) === true
    return true
  })
}

function valueOf(scope: string, kind: string): string[] {
  return scope.startsWith(`${kind}:`) ? [scope.slice(kind.length + 1)] : []
}
