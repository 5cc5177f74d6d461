import { findJid } from '@drawbridge/xmpp'
import { isStillClean } from './blobs/still-clean.ts'
import type { Ground } from './ground.ts'
import type { Inventory } from './inventory.ts'
import { createBreakGlassWatch, recordBreakGlass } from './policy/break-glass.ts'
import type { Gate } from './policy/gate.ts'
import type { PolicyServiceOptions } from './policy/start.ts'
import { approversAmong, tellPeople, watchersAmong } from './routing/approvers.ts'
import type { Routing } from './routing/registry.ts'
import { deliverReleased } from './routing/released.ts'
import type { Storage } from './storage.ts'

/** What is built on the policy, and what it asks all the same, though not before the first stream. */
export interface BuiltOnPolicy {
  readonly gate: Gate
  readonly routing: Routing
  readonly inventory: Inventory
}

/** What the rules ask of the rest of the server, and what they tell it. */
export type PolicyPorts = Required<
  Pick<
    PolicyServiceOptions,
    | 'isBreakGlass'
    | 'onBreakGlass'
    | 'onClientRefused'
    | 'onRecalls'
    | 'onSuspensions'
    | 'unitsOf'
    | 'roomsOf'
    | 'pendingWrites'
    | 'people'
    | 'queue'
  >
>

export function policyPorts(
  { config, log, now }: Ground,
  { db, accounts, units, writer }: Storage,
  { isInZone, later }: { isInZone(address: string | undefined): boolean; readonly later: BuiltOnPolicy },
): PolicyPorts {
  const { domain } = config.common
  const tell = (text: string, to: readonly string[]) => tellPeople(text, to, later.routing.ctx)
  /** Whoever answers at the address of a room, if anybody does. */
  const roomAt = (room: string) => {
    const { registry, ctx } = later.routing
    const jid = findJid(room)
    const service = jid && registry.findService(jid.domainpart, ctx)
    return service && { jid, service, ctx }
  }
  return {
    // As the account is now, not as it was when its session began.
    isBreakGlass: (account, address) => (accounts.find(account.localpart) ?? account).isBreakGlass && isInZone(address),
    onBreakGlass: createBreakGlassWatch({
      report: recordBreakGlass({ db, domain, log, now }),
      alert: (text) => tell(text, watchersAmong(accounts.all())),
    }),
    // Unknown ones above all: where they are refused, nobody would see them otherwise.
    onClientRefused(localpart, client, remoteAddress) {
      const account = accounts.find(localpart)
      if (account) later.inventory.saw({ account, client, remoteAddress }, { isRefused: true })
    },
    onRecalls: () => later.routing.ctx.emit('recalls.changed', {}),
    onSuspensions: () => later.routing.ctx.emit('suspensions.changed', {}),
    unitsOf: (localpart) => units.of(`${localpart}@${domain}`).map(({ name }) => name),
    roomsOf: (localpart, rooms) =>
      rooms.filter((room) => {
        const found = roomAt(room)
        return found?.service.isMember?.(found.jid, `${localpart}@${domain}`, found.ctx)
      }),
    pendingWrites: () => writer.pending,
    people: {
      accounts: () => accounts.all(),
      peopleIn(room) {
        const found = roomAt(room)
        const there = found?.service.peopleIn?.(found.jid, found.ctx)
        return Array.from(there ?? [], (bareJid) => accounts.findByBareJid(bareJid)?.localpart ?? '')
      },
      approvers: () => approversAmong(accounts.all()),
      tell,
    },
    queue: {
      deliverReleased: (messages, isElsewhere) => deliverReleased(later.routing, messages, isElsewhere),
      isStillClean: (stanza) => isStillClean(stanza, { db, recalls: later.gate.settings.recalls }),
      isBlocked(recipient, from) {
        const sender = findJid(from)
        return sender !== undefined && later.routing.ctx.blockLists.blocks(recipient, sender)
      },
    },
  }
}
