import { countReleased, dropHeldOf, insertOutbox, lockSuspensions } from '@drawbridge/db'
import type { Db, DroppedMessage } from '@drawbridge/db'
import { notifyDiscarded } from '@drawbridge/jobs'

/** Messages that one notice to their sender is about. */
const NOTICE_BATCH = 100

/**
 * Leaves notices to the senders of messages that nobody will get, in the transaction that drops them: nobody loses a
 * message without hearing of it. Each names the suspension that held it first.
 */
export async function tellSenders(tx: Db, dropped: readonly DroppedMessage[]): Promise<void> {
  const groups = Map.groupBy(
    dropped.filter(({ sender }) => sender !== ''),
    ({ sender, suspensionId, handedOverBy }) => `${handedOverBy ?? suspensionId} ${sender}`,
  )
  const rows = [...groups.values()].flatMap((messages) => {
    const { sender, suspensionId, handedOverBy } = messages[0]!
    const batches = Array.from({ length: Math.ceil(messages.length / NOTICE_BATCH) }, (_, index) =>
      messages.slice(index * NOTICE_BATCH, (index + 1) * NOTICE_BATCH),
    )
    return batches.map((batch) => ({
      kind: notifyDiscarded.name,
      payload: { sender, suspension: handedOverBy ?? suspensionId, messages: batch.map(({ id }) => id) },
    }))
  })
  await insertOutbox(tx, rows)
}

/**
 * Discards what suspensions hold from and for an account that is about to be deleted, in that transaction, and tells those
 * who are still there.
 *
 * @returns how many
 */
export async function discardHeldOf(tx: Db, accountId: string, bareJid: string): Promise<number> {
  await lockSuspensions(tx)
  const dropped = await dropHeldOf(tx, accountId, bareJid)
  for (const [id, messages] of Map.groupBy(dropped, ({ suspensionId }) => suspensionId)) {
    await countReleased(tx, id, { discarded: messages.length })
  }
  await tellSenders(
    tx,
    dropped.filter(({ sender }) => sender !== bareJid),
  )
  return dropped.length
}
