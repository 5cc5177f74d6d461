import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { invitation } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

export type Invitation = typeof invitation.$inferSelect
export type NewInvitation = Omit<typeof invitation.$inferInsert, 'id' | 'uses' | 'revokedAt' | 'createdAt'>

/** Still good for somebody at this instant. */
const isOpen = (at: Date) =>
  and(isNull(invitation.revokedAt), gt(invitation.expiresAt, at), lt(invitation.uses, invitation.maxUses))

export async function insertInvitation(db: Db, wanted: NewInvitation): Promise<Invitation> {
  const [made] = await db
    .insert(invitation)
    .values({ id: uuidv7(), ...wanted })
    .returning()
  return made!
}

/** The invitation of a token, while it is good. */
export async function findOpenInvitation(db: Db, tokenHash: Buffer, at: Date): Promise<Invitation | undefined> {
  const [row] = await db
    .select()
    .from(invitation)
    .where(and(eq(invitation.tokenHash, tokenHash), isOpen(at)))
  return row
}

/** Whether a name is kept for whoever has this or another invitation (XEP-0445 §5). */
export async function findReservation(db: Db, localpart: string, at: Date): Promise<Invitation | undefined> {
  const [row] = await db
    .select()
    .from(invitation)
    .where(and(eq(invitation.localpart, localpart), isOpen(at)))
    .limit(1)
  return row
}

/**
 * Uses an invitation once, in the transaction of what it is used for: of many who try the last use at once, one gets it.
 * Whether it has expired was asked when the token was shown (XEP-0445 §4).
 */
export async function useInvitation(db: Db, id: string): Promise<'used' | 'used-up'> {
  const rows = await db
    .update(invitation)
    .set({ uses: sql`${invitation.uses} + 1` })
    .where(and(eq(invitation.id, id), isNull(invitation.revokedAt), lt(invitation.uses, invitation.maxUses)))
    .returning({ id: invitation.id })
  return rows.length > 0 ? 'used' : 'used-up'
}

export async function findInvitation(db: Db, id: string): Promise<Invitation | undefined> {
  const [row] = await db.select().from(invitation).where(eq(invitation.id, id))
  return row
}

/** Invitations, newest first, from before the one with this id. */
export function listInvitations(db: Db, limit: number, before?: string): Promise<Invitation[]> {
  return db
    .select()
    .from(invitation)
    .where(before === undefined ? undefined : lt(invitation.id, before))
    .orderBy(desc(invitation.id))
    .limit(limit)
}

/** The invitation, or undefined when there is none. Doing it twice does nothing. */
export async function revokeInvitation(db: Db, id: string, at: Date): Promise<Invitation | undefined> {
  const [row] = await db
    .update(invitation)
    .set({ revokedAt: sql`coalesce(${invitation.revokedAt}, ${at.toISOString()}::timestamptz)` })
    .where(eq(invitation.id, id))
    .returning()
  return row
}

/** How many open invitations of this inviter there are. */
export async function countOpenInvitations(db: Db, inviterId: string, at: Date): Promise<number> {
  return db.$count(invitation, and(eq(invitation.inviterId, inviterId), isOpen(at)))
}

/** Forgets invitations that nobody can use any more. */
export async function pruneInvitations(db: Db, before: Date): Promise<void> {
  await db.delete(invitation).where(or(lt(invitation.expiresAt, before), lt(invitation.revokedAt, before)))
}
