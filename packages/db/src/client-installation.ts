import { and, desc, eq, exists, gt, inArray, isNotNull, isNull, lt, ne, not, sql } from 'drizzle-orm'
import { endAccessTokens } from './account-identity.ts'
import { deleteAdminSessions } from './admin-session.ts'
import type { Db } from './database.ts'
import { clientInstallation, fastToken } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

export type ClientInstallation = typeof clientInstallation.$inferSelect
export type FastToken = typeof fastToken.$inferSelect

/** Clients of one account that are remembered; beyond it, those that were away longest are forgotten. */
const MAX_CLIENTS = 100

/** What a client said of itself as it signed in. */
export interface SeenClient {
  readonly accountId: string
  readonly userAgentId: string
  readonly software: string | undefined
  readonly device: string | undefined
  /** What it presented: the password, the access token of an issuer, or a token of ours that came of one of them. */
  readonly proof: 'password' | 'access-token' | 'token'
}

/**
 * Notes that a client signed in, and returns its id here. What it does not say now stays as it was. Who came with a token
 * is known already: undefined when it is not, because its access was taken back a moment ago.
 */
export async function noteClient(db: Db, seen: SeenClient, at: Date): Promise<string | undefined> {
  const { accountId, userAgentId, software, device, proof } = seen
  const shown = {
    ...(proof === 'password' ? { knowsPassword: true } : {}),
    ...(proof === 'access-token' ? { hasGrant: true } : {}),
    lastSeenAt: at,
  }
  const known = await db
    .update(clientInstallation)
    .set({
      ...(software === undefined ? {} : { software }),
      ...(device === undefined ? {} : { device }),
      ...shown,
    })
    .where(and(eq(clientInstallation.accountId, accountId), eq(clientInstallation.userAgentId, userAgentId)))
    .returning({ id: clientInstallation.id })
  if (known[0] || proof === 'token') return known[0]?.id
  const [row] = await db
    .insert(clientInstallation)
    .values({ id: uuidv7(), accountId, userAgentId, software, device, ...shown, firstSeenAt: at })
    .onConflictDoUpdate({
      target: [clientInstallation.accountId, clientInstallation.userAgentId],
      set: shown,
    })
    .returning({ id: clientInstallation.id })
  await forgetSurplus(db, accountId)
  return row!.id
}

async function forgetSurplus(db: Db, accountId: string): Promise<void> {
  const surplus = db
    .select({ id: clientInstallation.id })
    .from(clientInstallation)
    .where(eq(clientInstallation.accountId, accountId))
    .orderBy(desc(clientInstallation.lastSeenAt))
    .offset(MAX_CLIENTS)
  await db.delete(clientInstallation).where(inArray(clientInstallation.id, surplus))
}

/** The clients of an account, the one seen last first, and whether a token lets them in at `at`. */
export function listClients(
  db: Db,
  accountId: string,
  at: Date,
): Promise<(ClientInstallation & { hasToken: boolean })[]> {
  const token = db
    .select({ one: sql`1` })
    .from(fastToken)
    .where(and(eq(fastToken.clientId, clientInstallation.id), gt(fastToken.expiresAt, at)))
  return db
    .select({
      id: clientInstallation.id,
      accountId: clientInstallation.accountId,
      userAgentId: clientInstallation.userAgentId,
      software: clientInstallation.software,
      device: clientInstallation.device,
      knowsPassword: clientInstallation.knowsPassword,
      hasGrant: clientInstallation.hasGrant,
      firstSeenAt: clientInstallation.firstSeenAt,
      lastSeenAt: clientInstallation.lastSeenAt,
      hasToken: sql<boolean>`${exists(token)}`,
    })
    .from(clientInstallation)
    .where(eq(clientInstallation.accountId, accountId))
    .orderBy(desc(clientInstallation.lastSeenAt))
}

/**
 * Takes a client's access back: its tokens are gone, and so is the client, unless it knows the password that is in force.
 * Where it had come by an access token, none that was issued until now counts any more, whichever client has it.
 * Returns the client as it was, or undefined when the account has none of this id.
 */
export async function revokeClient(
  db: Db,
  accountId: string,
  id: string,
  at: Date,
): Promise<ClientInstallation | undefined> {
  return db.transaction(async (tx) => {
    const isIt = and(eq(clientInstallation.accountId, accountId), eq(clientInstallation.id, id))
    const [client] = await tx.select().from(clientInstallation).where(isIt).for('update')
    if (!client) return undefined
    if (client.hasGrant) await endAccessTokens(tx, accountId, at)
    if (client.knowsPassword) await tx.delete(fastToken).where(eq(fastToken.clientId, id))
    else await tx.delete(clientInstallation).where(isIt)
    return client
  })
}

/** The tokens that this client of the account has, expired ones included. */
export async function listFastTokens(db: Db, accountId: string, userAgentId: string): Promise<FastToken[]> {
  const rows = await db
    .select({ token: fastToken })
    .from(fastToken)
    .innerJoin(clientInstallation, eq(clientInstallation.id, fastToken.clientId))
    .where(and(eq(clientInstallation.accountId, accountId), eq(clientInstallation.userAgentId, userAgentId)))
  return rows.map(({ token }) => token)
}

export type NewFastToken = Pick<
  FastToken,
  'id' | 'clientId' | 'mechanism' | 'sealed' | 'issuedAt' | 'expiresAt' | 'grantEndsAt'
>

/** Stores a new token in the place of any that was never used; one in use stays until this one is used (XEP-0484 §3.5). */
export async function putFastToken(db: Db, token: NewFastToken): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(fastToken).where(and(eq(fastToken.clientId, token.clientId), isNull(fastToken.usedAt)))
    await tx.insert(fastToken).values(token)
  })
}

/**
 * Notes that a token was used, and ends those issued before it (XEP-0484 §3.5). False when it is gone meanwhile, or when
 * this `count` was used before (§3.4).
 */
export async function useFastToken(
  db: Db,
  { id, clientId, issuedAt }: Pick<FastToken, 'id' | 'clientId' | 'issuedAt'>,
  count: number | undefined,
  at: Date,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const isFresh = count === undefined ? undefined : lt(fastToken.count, count)
    const used = await tx
      .update(fastToken)
      .set({ usedAt: at, ...(count === undefined ? {} : { count }) })
      .where(and(eq(fastToken.id, id), isFresh))
    if (used.rowCount !== 1) return false
    await tx
      .delete(fastToken)
      .where(and(eq(fastToken.clientId, clientId), ne(fastToken.id, id), lt(fastToken.issuedAt, issuedAt)))
    return true
  })
}

/** Ends every token of one client: it has asked for that (XEP-0484 §3.6). */
export async function deleteFastTokensOfClient(db: Db, clientId: string): Promise<void> {
  await db.delete(fastToken).where(eq(fastToken.clientId, clientId))
}

/** Ends every token of these clients. */
export async function deleteFastTokensOfClients(db: Db, clientIds: readonly string[]): Promise<void> {
  await db.delete(fastToken).where(sql`${fastToken.clientId} = any(${sql.param([...clientIds])}::uuid[])`)
}

/** Ends every token of an account, and what access tokens that were issued until now are good for. */
export async function endTokens(db: Db, accountId: string, at: Date): Promise<void> {
  const clients = db
    .select({ id: clientInstallation.id })
    .from(clientInstallation)
    .where(eq(clientInstallation.accountId, accountId))
  await db.delete(fastToken).where(inArray(fastToken.clientId, clients))
  await endAccessTokens(db, accountId, at)
}

/**
 * Ends what came of access tokens that were issued until now: those themselves, and FAST tokens. Returns the clients that
 * have nothing else to sign in with.
 */
export async function endGrants(db: Db, accountId: string, at: Date): Promise<string[]> {
  const clients = db
    .select({ id: clientInstallation.id })
    .from(clientInstallation)
    .where(eq(clientInstallation.accountId, accountId))
  await db.delete(fastToken).where(and(inArray(fastToken.clientId, clients), isNotNull(fastToken.grantEndsAt)))
  await endAccessTokens(db, accountId, at)
  const { id, hasGrant, knowsPassword } = clientInstallation
  const isMeant = and(eq(clientInstallation.accountId, accountId), hasGrant, not(knowsPassword))
  const rows = await db.select({ id }).from(clientInstallation).where(isMeant)
  return rows.map((row) => row.id)
}

/** The password is a new one: no token lets anybody in, here or as an administrator, and no client knows the password. */
export async function forgetSignIns(db: Db, accountId: string, at: Date): Promise<void> {
  await endTokens(db, accountId, at)
  await deleteAdminSessions(db, accountId)
  await db
    .update(clientInstallation)
    .set({ knowsPassword: false, hasGrant: false })
    .where(eq(clientInstallation.accountId, accountId))
}

/** Forgets clients not seen since `seenBefore`, and tokens that expired before `expiredBefore`. Returns how many rows. */
export async function pruneClients(db: Db, seenBefore: Date, expiredBefore: Date): Promise<number> {
  const tokens = await db.delete(fastToken).where(lt(fastToken.expiresAt, expiredBefore))
  const clients = await db.delete(clientInstallation).where(lt(clientInstallation.lastSeenAt, seenBefore))
  return (tokens.rowCount ?? 0) + (clients.rowCount ?? 0)
}
