import type { ClientIdentity } from '@drawbridge/policy'
import type { SettingIdentity } from '@drawbridge/xmpp'
import type { ClientProofs } from '../stream/client-proofs.ts'
import type { Session } from '../stream/session.ts'
import type { Sessions } from './sessions.ts'

const NONE: readonly PushTarget[] = []

/** Errors in a row after which a device is left alone (XEP-0357 §7.1), */
export const PUSH_TRIES = 8
/** and for how long, in milliseconds. */
const RETRY_MS = 86_400_000

/** One push service that a client of an account has enabled (XEP-0357 §5), as it is right now. */
export interface PushTarget {
  readonly accountId: string
  readonly service: string
  readonly node: string
  /** The client it belongs to. */
  readonly resource: string
  /** Its id, if it gave one as it signed in (XEP-0388). */
  readonly clientId: string | undefined
  /** Messages that the client was not there for. */
  unread: number
  /** How many of them it was told of. */
  told: number
  /** The message that committed a job, not begun yet, that will tell it. */
  pending: string | undefined
  /** What kind of client it is (XEP-0030), once it has said so. */
  identity: SettingIdentity | undefined
  /** What rules know about it, as it was when it was last here; see `clientOf`. */
  client: ClientIdentity | undefined
  /** Thumbprint of the enrolled key that it had proved by then. */
  deviceKey: string | undefined
  /** The rule that it was told of, which asks for another version. */
  updateTold: string | undefined
  /** The newest message that a suspension has kept it from hearing of: it hears of it when that is over. */
  owed: PushNews | undefined
  /** When it was told last, by the clock of this process. */
  toldAt: number
  /** Errors in a row (XEP-0357 §7.1), and when it may be tried again after too many. */
  failures: number
  retryAt: number
}

/** What a device is to hear of. */
export interface PushNews {
  /** The newest message. */
  readonly message: string
  /** Whose archive has the message, where it was said in a room. */
  readonly room?: string | undefined
}

/** What is enabled, all in memory: it is asked about for every message. */
export interface PushTargets {
  of(owner: string): readonly PushTarget[]
  find(owner: string, service: string, node: string): PushTarget | undefined
  /** Adds one, or takes the place of the one with its service and node. */
  put(owner: string, target: PushTarget): void
  remove(owner: string, isGone: (target: PushTarget) => boolean): void
  /** Those that have been kept from hearing of something. */
  owing(): Iterable<readonly [owner: string, target: PushTarget]>
  readonly size: number
}

/** Nothing is enabled; the feature fills it at the start. @param emptied - told of an owner that has none any more. */
export function createPushTargets(emptied: (owner: string) => void = () => undefined): PushTargets {
  const byOwner = new Map<string, readonly PushTarget[]>()
  let size = 0
  const of = (owner: string) => byOwner.get(owner) ?? NONE
  const set = (owner: string, targets: readonly PushTarget[]) => {
    size += targets.length - of(owner).length
    if (targets.length === 0) {
      byOwner.delete(owner)
      emptied(owner)
    } else byOwner.set(owner, targets)
  }
  const isSame = (service: string, node: string) => (target: PushTarget) =>
    target.service === service && target.node === node
  return {
    get size() {
      return size
    },
    of,
    *owing() {
      for (const [owner, targets] of byOwner) {
        for (const target of targets) if (target.owed) yield [owner, target]
      }
    },
    find: (owner, service, node) => of(owner).find(isSame(service, node)),
    put(owner, target) {
      const is = isSame(target.service, target.node)
      set(owner, [...of(owner).filter((other) => !is(other)), target])
    },
    remove: (owner, isGone) =>
      set(
        owner,
        of(owner).filter((target) => !isGone(target)),
      ),
  }
}

/** When a target may be tried again, in milliseconds since the epoch, after so many errors in a row. */
export function retryAtAfter(failures: number, failedAt: Date | null): number {
  return failures >= PUSH_TRIES && failedAt ? failedAt.getTime() + RETRY_MS : 0
}

/** A target of which nothing has been told yet. */
export function newPushTarget(
  target: Pick<
    PushTarget,
    'accountId' | 'service' | 'node' | 'resource' | 'clientId' | 'identity' | 'client' | 'deviceKey'
  >,
  errors: Pick<PushTarget, 'failures' | 'retryAt'> = { failures: 0, retryAt: 0 },
): PushTarget {
  const nothing = { unread: 0, told: 0, pending: undefined, owed: undefined, updateTold: undefined }
  return { ...nothing, ...target, ...errors, toldAt: Number.NEGATIVE_INFINITY }
}

/**
 * What its client counts as now: what was last known of it, whenever that was, and no better than its word where that
 * rested on a key that counts no more. A token of the page ends with the page: away, it is the build that it was.
 */
export function clientOf(
  { client, deviceKey }: PushTarget,
  { clientProofs }: { readonly clientProofs: Pick<ClientProofs, 'isStanding'> },
): ClientIdentity | undefined {
  if (client?.source !== 'device-key' || (deviceKey !== undefined && clientProofs.isStanding(deviceKey))) return client
  return { ...client, tier: 'E1', source: 'client-element' }
}

/** The client sees for itself; it counts from zero when it goes. */
export function wasSeen(target: PushTarget): void {
  target.unread = 0
  target.told = 0
  target.owed = undefined
}

/** Whether the client that a target belongs to gets what is sent and looks at it: then nobody needs to wake it up. */
export function isAtHand({ resource }: PushTarget, owner: string, sessions: Sessions): boolean {
  return sessions.of(owner).some((session: Session) => session.jid.resourcepart === resource && session.isActive)
}
