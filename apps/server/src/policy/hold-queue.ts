import {
  countReleased,
  dropHeld,
  findSuspension,
  listActiveSuspensions,
  listGoneParties,
  listHeld,
  listHeldFacts,
  lockReleases,
  noteReleased,
  releaseHeld,
  transferHeld,
} from '@drawbridge/db'
import type { Db, HeldMessage, ReleasedMessage, Suspension } from '@drawbridge/db'
import { compileKeepers } from '@drawbridge/policy'
import type { StanzaFacts } from '@drawbridge/policy'
import { tellSenders } from './discard-notices.ts'
import type { Gate } from './gate.ts'
import { isRehearsal, traceless } from './rehearsal.ts'
import { suspensionSettingFrom } from './stored-rules.ts'

/** Messages that leave the hold queue in one transaction. */
export const RELEASE_BATCH = 500
/** Messages of which is read at once what the rules were asked. */
const LOOK_BATCH = 5_000

export interface HoldQueueOptions {
  /**
   * Hands messages that have just entered their recipients' archives to live sessions of this node, in this order,
   * synchronously. @param isElsewhere - another node has released them, and sees to all the rest.
   */
  deliverReleased(messages: readonly ReleasedMessage[], isElsewhere?: boolean): Promise<void> | void
  /** Whether what a held message shares may still be read: asked of recalls and of what the sanitizer made of it. */
  isStillClean(stanza: string): Promise<boolean>
  /** Whether a recipient, by bare JID, takes nothing from this full or bare JID any more. Default: everybody does. */
  isBlocked?(recipient: string, from: string): boolean
}

/** What a queue is emptied into. `reviewed-discard`: somebody has looked, whatever was said before. */
export type Emptying = 'in-order' | 'rescan' | 'discard' | 'reviewed-discard'

/** What became of some messages of a suspension. */
export interface Settled {
  readonly suspensionId: string
  readonly delivered: readonly ReleasedMessage[]
  /** Whose senders were told that nobody gets them. */
  readonly discarded: number
  /** How many were looked at. */
  readonly seen: number
}

/** Of which messages it is asked whether they are still held. Default: of all. */
export interface Freeing {
  /** Of one suspension. */
  readonly suspensionId?: string
  /** Ids: what these accounts have a part in, or was said in these rooms. */
  readonly parties?: readonly string[] | undefined
}

interface SettleOptions {
  /** These only, whichever are there. */
  readonly only?: readonly string[] | undefined
  /** The suspension goes on: it is not its end that says what becomes of what another one keeps. Default: it ends. */
  readonly goesOn?: boolean
}

interface DrainOptions extends Pick<SettleOptions, 'only'> {
  /** Done first, in the transaction of each batch; when it rejects, the draining is over. */
  also?(tx: Db): Promise<void>
}

/** What suspensions hold, on its way out. */
export interface HoldQueue {
  /**
   * Settles the oldest messages of a suspension, in the caller's transaction; deliver what it returns when that is
   * committed. What another suspension keeps back is handed over to it.
   */
  settle(tx: Db, suspensionId: string, how: Emptying, which?: SettleOptions): Promise<Settled>
  /**
   * Settles what suspensions that go on hold and are no longer about: somebody is exempt now, a break-glass account, in an
   * incident room, or out of a unit. Before those can say anything else, so that it does not overtake what they had said.
   */
  free(tx: Db, which?: Freeing): Promise<readonly Settled[]>
  /** Empties the queue while new messages still join its end. Stops when a batch is not full. */
  drain(
    suspensionId: string,
    how: Emptying,
    options?: DrainOptions,
  ): Promise<{ readonly released: number; readonly discarded: number }>
}

/** Builds the way out of the hold queue of this node. */
export function createHoldQueue(db: Db, gate: Gate, nodeId: string, options: HoldQueueOptions): HoldQueue {
  const { deliverReleased, isStillClean, isBlocked = () => false } = options
  /** Whether nobody is left to get it: somebody is gone, whoever has the name now, or wants nothing from its sender. */
  const findLost = async (tx: Db, messages: readonly HeldMessage[]) => {
    const gone = await listGoneParties(tx, [...new Set(messages.flatMap(({ parties }) => parties))])
    return ({ parties, recipients, facts, sender }: HeldMessage) =>
      parties.some((id) => gone.has(id)) ||
      recipients.some(({ owner }) => isBlocked(owner, (facts as Partial<StanzaFacts> | null)?.from ?? sender))
  }
  /** How each of them leaves. What an earlier suspension had promised to deliver, the end of a later one does not discard. */
  const findWay = async (tx: Db, messages: readonly HeldMessage[], how: Emptying) => {
    const promisedBy = new Map<string, Emptying>()
    for (const id of new Set(messages.flatMap(({ handedOverBy }) => handedOverBy ?? []))) {
      const release = (await findSuspension(tx, id))?.release
      promisedBy.set(id, release === 'rescan' || how === 'rescan' ? 'rescan' : 'in-order')
    }
    return ({ handedOverBy }: HeldMessage) => (how !== 'reviewed-discard' && promisedBy.get(handedOverBy ?? '')) || how
  }
  /**
   * Who of these keeps a message back, as people are now: in units and rooms, and as break-glass accounts. Whence it was
   * said, and with which client, is as it was: somebody who comes to a trusted network does not vouch for what was said
   * in their name elsewhere.
   */
  const keeperAmong = (rows: readonly Suspension[]) => {
    if (rows.length === 0) return () => undefined
    const settings = rows.map(suspensionSettingFrom)
    const keeper = compileKeepers(settings)
    return ({ facts }: Pick<HeldMessage, 'facts'>) => {
      const asked = (facts ?? SOME_MESSAGE) as StanzaFacts
      const account = asked.account && gate.allFactsOf(asked.account, asked.address, settings)
      const named = asked.recipient ?? recipientFrom(asked)
      const recipient = named && gate.allFactsOf({ isAdmin: false, ...named }, undefined, settings)
      return keeper({ ...asked, ...(account && { account }), ...(recipient && { recipient }) })
    }
  }
  /** Who keeps a message back when this suspension no longer does: the others that are in force. */
  const keepersBeside = async (tx: Db, id: string) =>
    keeperAmong((await listActiveSuspensions(tx)).filter((other) => other.id !== id))
  const settle: HoldQueue['settle'] = async (tx, id, how, { only, goesOn = false } = {}) => {
    await lockReleases(tx)
    const batch = await listHeld(tx, id, RELEASE_BATCH, { isLocking: true, ...(only === undefined ? {} : { only }) })
    if (batch.length === 0) return { suspensionId: id, delivered: [], discarded: 0, seen: 0 }
    const wayOf = await findWay(tx, batch, how)
    const keeperOf = await keepersBeside(tx, id)
    const kept = Map.groupBy(batch, (message) => (isDiscarding(wayOf(message)) ? undefined : keeperOf(message)))
    for (const [keeper, messages] of kept) {
      if (keeper !== undefined) await transferHeld(tx, messages.map(idOf), { to: keeper, isPromised: !goesOn })
    }
    const free = kept.get(undefined) ?? []
    const isLost = await findLost(tx, free)
    const dropped: HeldMessage[] = []
    const passed: HeldMessage[] = []
    for (const message of free) {
      const way = wayOf(message)
      const isOut = isDiscarding(way) || isLost(message) || (way === 'rescan' && !(await isStillClean(message.stanza)))
      ;(isOut ? dropped : passed).push(message)
    }
    await dropHeld(tx, dropped.map(idOf))
    await tellSenders(tx, dropped)
    const delivered = await releaseHeld(tx, passed)
    await noteReleased(tx, nodeId, delivered)
    await countReleased(tx, id, { released: delivered.length, discarded: dropped.length })
    return { suspensionId: id, delivered, discarded: dropped.length, seen: batch.length }
  }
  const free: HoldQueue['free'] = async (tx, { suspensionId, parties } = {}) => {
    const settled: Settled[] = []
    const active = await listActiveSuspensions(tx)
    const inForce = active.filter(({ id }) => suspensionId === undefined || id === suspensionId)
    for (const row of inForce) {
      // What is about to be discarded, or looked at, waits for that.
      if (row.release === 'discard' || row.release === 'review') continue
      const keeperOf = keeperAmong([row])
      let after = 0
      for (;;) {
        const page = await listHeldFacts(tx, row.id, LOOK_BATCH, { after, parties })
        const loose = page.filter((message) => keeperOf(message) === undefined).map(({ id }) => id)
        for (let at = 0; at < loose.length; at += RELEASE_BATCH) {
          const only = loose.slice(at, at + RELEASE_BATCH)
          settled.push(await settle(tx, row.id, row.release ?? 'in-order', { only, goesOn: true }))
        }
        if (page.length < LOOK_BATCH) break
        after = page.at(-1)!.position
      }
    }
    return settled
  }
  return {
    settle,
    free,
    drain: (id, how, { only, also } = {}) =>
      traceless(db, async (on) => {
        const total = { released: 0, discarded: 0 }
        for (;;) {
          const { delivered, discarded, seen } = await on.transaction(async (tx) => {
            await also?.(tx)
            return settle(tx, id, how, { only })
          })
          if (!isRehearsal()) await deliverReleased(delivered)
          total.released += delivered.length
          total.discarded += discarded
          if (seen < RELEASE_BATCH) return total
        }
      }),
  }
}

/** All that is known of a message that an older version accepted: who suspends messages, suspends it. */
const SOME_MESSAGE: StanzaFacts = {
  at: 0,
  origin: 'local',
  from: '',
  kind: 'message',
  type: 'chat',
  target: 'local',
  isDurable: true,
  hasBody: true,
  namespaces: [],
}

/** Whom it was for, where no rule asked for that when it was accepted. */
function recipientFrom({ from = '', to = '', target, room }: StanzaFacts): StanzaFacts['recipient'] {
  const [localpart = '', domain] = to.split('/', 1)[0]!.split('@')
  const isAccount = target === 'local' && room === undefined && from.split('/', 1)[0]!.endsWith(`@${domain}`)
  return isAccount ? { localpart, isBreakGlass: false, units: [] } : undefined
}

const idOf = ({ id }: HeldMessage) => id

const isDiscarding = (way: Emptying) => way === 'discard' || way === 'reviewed-discard'
