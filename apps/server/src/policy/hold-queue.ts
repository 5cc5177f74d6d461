import {
  countReleased,
  dropHeld,
  insertOutbox,
  listActiveSuspensions,
  listHeld,
  releaseHeld,
  transferHeld,
} from '@drawbridge/db'
import type { Db, HeldMessage, ReleasedMessage } from '@drawbridge/db'
import { notifyDiscarded } from '@drawbridge/jobs'
import { compileKeepers } from '@drawbridge/policy'
import type { StanzaFacts } from '@drawbridge/policy'
import type { Gate } from './gate.ts'
import { isRehearsal, traceless } from './rehearsal.ts'
import { suspensionSettingFrom } from './stored-rules.ts'

/** Messages that leave the hold queue in one transaction. */
export const RELEASE_BATCH = 500
/** Messages that one notice to their sender is about. */
const NOTICE_BATCH = 100

export interface HoldQueueOptions {
  /** Hands messages that have just entered their recipients' archives to live sessions, in this order, synchronously. */
  deliverReleased(messages: readonly ReleasedMessage[]): Promise<void> | void
  /** Whether what a held message shares may still be read: asked of recalls and of what the sanitizer made of it. */
  isStillClean(stanza: string): Promise<boolean>
}

/** What a queue is emptied into. */
export type Emptying = 'in-order' | 'rescan' | 'discard'

/** What became of some messages. */
export interface Settled {
  readonly delivered: readonly ReleasedMessage[]
  readonly discarded: number
  /** How many were looked at. */
  readonly seen: number
}

/** What suspensions hold, on its way out. */
export interface HoldQueue {
  /**
   * Settles the oldest messages of a suspension, in the caller's transaction; deliver what it returns when that is
   * committed. What another suspension keeps back is handed over to it.
   */
  settle(tx: Db, suspensionId: string, how: Emptying, only?: readonly string[]): Promise<Settled>
  /** Empties the queue while new messages still join its end. Stops when a batch is not full. */
  drain(suspensionId: string, how: Emptying, only?: readonly string[]): Promise<{ released: number; discarded: number }>
}

/** Builds the way out of the hold queue of this node. */
export function createHoldQueue(db: Db, gate: Gate, { deliverReleased, isStillClean }: HoldQueueOptions): HoldQueue {
  /** Who keeps a message back when this suspension no longer does: the others that are in force. */
  const keepersBeside = async (tx: Db, id: string) => {
    const others = (await listActiveSuspensions(tx)).filter((other) => other.id !== id)
    if (others.length === 0) return () => undefined
    const keeper = compileKeepers(others.map(suspensionSettingFrom))
    return ({ facts }: HeldMessage) => {
      const asked = (facts ?? SOME_MESSAGE) as StanzaFacts
      return keeper(asked.account ? { ...asked, account: gate.factsOf(asked.account) } : asked)
    }
  }
  const settle: HoldQueue['settle'] = async (tx, id, how, only) => {
    const batch = await listHeld(tx, id, RELEASE_BATCH, { isLocking: true, ...(only === undefined ? {} : { only }) })
    if (batch.length === 0) return { delivered: [], discarded: 0, seen: 0 }
    const keeperOf = how === 'discard' ? () => undefined : await keepersBeside(tx, id)
    const kept = Map.groupBy(batch, keeperOf)
    for (const [keeper, messages] of kept) {
      if (keeper !== undefined) await transferHeld(tx, messages.map(idOf), keeper)
    }
    const free = kept.get(undefined) ?? []
    const dropped = how === 'discard' ? free : how === 'rescan' ? await withoutClean(free, isStillClean) : []
    const gone = new Set(dropped)
    await dropHeld(tx, dropped.map(idOf))
    await tellSenders(tx, id, dropped)
    const delivered = await releaseHeld(
      tx,
      free.filter((message) => !gone.has(message)),
    )
    await countReleased(tx, id, { released: delivered.length, discarded: dropped.length })
    return { delivered, discarded: dropped.length, seen: batch.length }
  }
  return {
    settle,
    drain: (id, how, only) =>
      traceless(db, async (on) => {
        const total = { released: 0, discarded: 0 }
        for (;;) {
          const { delivered, discarded, seen } = await on.transaction((tx) => settle(tx, id, how, only))
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

const idOf = ({ id }: HeldMessage) => id

async function withoutClean(
  messages: readonly HeldMessage[],
  isStillClean: HoldQueueOptions['isStillClean'],
): Promise<readonly HeldMessage[]> {
  const dirty: HeldMessage[] = []
  for (const message of messages) if (!(await isStillClean(message.stanza))) dirty.push(message)
  return dirty
}

/** Leaves notices to the senders in the transaction that discards: nobody loses a message without hearing of it. */
async function tellSenders(tx: Db, suspensionId: string, dropped: readonly HeldMessage[]): Promise<void> {
  const bySender = Map.groupBy(dropped, ({ recipients, facts }) => senderOf(facts) ?? recipients[0]?.peer.split('/')[0])
  const rows = [...bySender].flatMap(([sender, messages]) => {
    if (sender === undefined) return []
    const batches = Array.from({ length: Math.ceil(messages.length / NOTICE_BATCH) }, (_, index) =>
      messages.slice(index * NOTICE_BATCH, (index + 1) * NOTICE_BATCH),
    )
    return batches.map((batch) => ({
      kind: notifyDiscarded.name,
      payload: { sender, suspension: suspensionId, messages: batch.map(idOf) },
    }))
  })
  await insertOutbox(tx, rows)
}

function senderOf(facts: unknown): string | undefined {
  const { from } = (facts ?? {}) as Partial<StanzaFacts>
  return from?.split('/', 1)[0]
}
