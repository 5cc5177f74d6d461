import { and, count, eq, lt } from 'drizzle-orm'
import type { Db } from './database.ts'
import { adminReply } from './schema/index.ts'

export type AdminReply = typeof adminReply.$inferSelect

/** A request by whoever sent it and the key they gave it. */
export interface ReplyKey {
  readonly actor: string
  readonly keyHash: Buffer
}

const isOf = ({ actor, keyHash }: ReplyKey) => and(eq(adminReply.actor, actor), eq(adminReply.keyHash, keyHash))

/** Claims a key for a request that is about to be carried out; or what is known of the one that claimed it before. */
export async function claimReply(
  db: Db,
  request: ReplyKey & { readonly fingerprint: Buffer },
  { at, forgetBefore, max }: { readonly at: Date; readonly forgetBefore: Date; readonly max: number },
): Promise<'claimed' | 'too-many' | AdminReply> {
  return db.transaction(async (tx) => {
    await tx.delete(adminReply).where(lt(adminReply.startedAt, forgetBefore))
    const rows = await tx
      .insert(adminReply)
      .values({ ...request, startedAt: at })
      .onConflictDoNothing()
      .returning({ actor: adminReply.actor })
    if (rows.length === 0) {
      const [before] = await tx.select().from(adminReply).where(isOf(request))
      return before!
    }
    const [kept] = await tx.select({ n: count() }).from(adminReply).where(eq(adminReply.actor, request.actor))
    if (kept!.n <= max) return 'claimed'
    await tx.delete(adminReply).where(isOf(request))
    return 'too-many'
  })
}

/** Keeps the answer to a request, for whoever sends it again. */
export async function putReply(db: Db, key: ReplyKey, status: number, sealed: Buffer): Promise<void> {
  await db.update(adminReply).set({ status, sealed }).where(isOf(key))
}

/** Gives a key back: the request was refused, and may be sent again. */
export async function dropReply(db: Db, key: ReplyKey): Promise<void> {
  await db.delete(adminReply).where(isOf(key))
}
