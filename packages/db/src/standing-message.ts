import { and, eq, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, standingMessage, standingMessageReceipt } from './schema/index.ts'
import type { StandingMessageKind } from './schema/index.ts'

export type StandingMessage = typeof standingMessage.$inferSelect

/** What stands, at most one of each kind. */
export function listStandingMessages(db: Db): Promise<StandingMessage[]> {
  return db.select().from(standingMessage).orderBy(standingMessage.kind)
}

/**
 * Lets a message stand, in place of the one of its kind. With the id of that one it is a correction: who has had it, has
 * had it. Whoever has signed in before a welcome stands is not new.
 */
export async function putStandingMessage(db: Db, message: StandingMessage): Promise<void> {
  const { kind, id, text, setBy, setAt } = message
  await db.transaction(async (tx) => {
    await tx
      .insert(standingMessage)
      .values(message)
      .onConflictDoUpdate({ target: standingMessage.kind, set: { id, text, setBy, setAt } })
    if (kind !== 'welcome') return
    const known = tx
      .select({ accountId: account.id, kind: sql`'welcome'`.as('kind'), messageId: sql`${id}::uuid`.as('message_id') })
      .from(account)
      .where(sql`${account.signedInAt} is not null`)
    await tx.insert(standingMessageReceipt).select(known).onConflictDoNothing()
  })
}

/** The message that stands no longer, if one did. */
export async function deleteStandingMessage(db: Db, kind: StandingMessageKind): Promise<StandingMessage | undefined> {
  const [gone] = await db.delete(standingMessage).where(eq(standingMessage.kind, kind)).returning()
  return gone
}

/** Whether an account still has to get this message. Nobody is welcomed twice, with whatever words. */
export async function isStandingMessageDue(
  db: Db,
  accountId: string,
  { kind, id }: Pick<StandingMessage, 'kind' | 'id'>,
): Promise<boolean> {
  const [had] = await db
    .select({ id: standingMessageReceipt.messageId })
    .from(standingMessageReceipt)
    .where(and(eq(standingMessageReceipt.accountId, accountId), eq(standingMessageReceipt.kind, kind)))
  return had === undefined || (kind === 'motd' && had.id !== id)
}

/** Notes that an account has this message. An account that is gone has nothing. */
export async function putStandingMessageReceipt(
  db: Db,
  accountId: string,
  { kind, id }: Pick<StandingMessage, 'kind' | 'id'>,
): Promise<void> {
  const known = db
    .select({
      accountId: account.id,
      kind: sql`${kind}::text`.as('kind'),
      messageId: sql`${id}::uuid`.as('message_id'),
    })
    .from(account)
    .where(eq(account.id, accountId))
  await db
    .insert(standingMessageReceipt)
    .select(known)
    .onConflictDoUpdate({
      target: [standingMessageReceipt.accountId, standingMessageReceipt.kind],
      set: { messageId: id },
    })
}
