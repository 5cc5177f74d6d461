import { and, asc, desc, eq, inArray, notInArray } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, pepItem, pushDevice, pushTarget } from './schema/index.ts'

export interface PushDevice {
  /** Not to be guessed. */
  readonly node: string
  readonly accountId: string
  readonly endpointHash: Buffer
  readonly sealed: Buffer
}

/**
 * Keeps a device, or brings the keys of the one with this endpoint up to date. Beyond `max` of an account the oldest go.
 *
 * @returns the node of the device, and the nodes that are gone.
 */
export function putPushDevice(db: Db, device: PushDevice, max: number): Promise<{ node: string; gone: string[] }> {
  return db.transaction(async (tx) => {
    const [row] = await tx
      .insert(pushDevice)
      .values(device)
      .onConflictDoUpdate({
        target: [pushDevice.accountId, pushDevice.endpointHash],
        set: { sealed: device.sealed, registeredAt: new Date() },
      })
      .returning({ node: pushDevice.node })
    const rest = await tx
      .select({ node: pushDevice.node })
      .from(pushDevice)
      .where(eq(pushDevice.accountId, device.accountId))
      .orderBy(desc(pushDevice.registeredAt), asc(pushDevice.node))
      .offset(max)
    const gone = rest.map(({ node }) => node)
    if (gone.length > 0) await tx.delete(pushDevice).where(inArray(pushDevice.node, gone))
    return { node: row?.node ?? device.node, gone }
  })
}

/** A device of this account. */
export async function findPushDevice(db: Db, accountId: string, node: string): Promise<PushDevice | undefined> {
  const [row] = await db
    .select({
      node: pushDevice.node,
      accountId: pushDevice.accountId,
      endpointHash: pushDevice.endpointHash,
      sealed: pushDevice.sealed,
    })
    .from(pushDevice)
    .where(and(eq(pushDevice.accountId, accountId), eq(pushDevice.node, node)))
  return row
}

/** Forgets a device. Returns whether there was one. */
export async function deletePushDevice(db: Db, accountId: string, node: string): Promise<boolean> {
  const { rowCount } = await db
    .delete(pushDevice)
    .where(and(eq(pushDevice.accountId, accountId), eq(pushDevice.node, node)))
  return (rowCount ?? 0) > 0
}

/** One push service that a client has enabled (XEP-0357 §5). */
export interface StoredPushTarget {
  readonly accountId: string
  readonly service: string
  readonly node: string
  readonly resource: string
  /** Of `client_installation`; absent when the client gave no id of its own. */
  readonly clientId?: string | undefined
  readonly options?: string | undefined
  /** What kind of client it is: `category/type` (XEP-0030 §3.1). */
  readonly identity?: string | undefined
  /** What rules know about it. */
  readonly client?: unknown
  /** Thumbprint of the enrolled key that it has proved. */
  readonly deviceKey?: string | undefined
}

/** Enables a service, or takes the newest request for it; its errors are forgotten. */
export async function putPushTarget(db: Db, target: StoredPushTarget): Promise<void> {
  const { resource, clientId = null, options = null, identity = null, client = null, deviceKey = null } = target
  const known = { clientId, options, identity, client, deviceKey }
  await db
    .insert(pushTarget)
    .values({ ...target, ...known })
    .onConflictDoUpdate({
      target: [pushTarget.accountId, pushTarget.service, pushTarget.node],
      set: { resource, ...known, failures: 0, failedAt: null, enabledAt: new Date() },
    })
}

/** The publish options that a service is to get with each notification, serialized. */
export async function findPublishOptions(
  db: Db,
  { accountId, service, node }: Pick<StoredPushTarget, 'accountId' | 'service' | 'node'>,
): Promise<string | undefined> {
  const [row] = await db
    .select({ options: pushTarget.options })
    .from(pushTarget)
    .where(and(eq(pushTarget.accountId, accountId), eq(pushTarget.service, service), eq(pushTarget.node, node)))
  return row?.options ?? undefined
}

/** Disables these nodes of a service, or all of them. */
export async function deletePushTargets(
  db: Db,
  accountId: string,
  service: string,
  nodes: readonly string[] | 'all',
): Promise<void> {
  const ofService = and(eq(pushTarget.accountId, accountId), eq(pushTarget.service, service))
  await db.delete(pushTarget).where(nodes === 'all' ? ofService : and(ofService, inArray(pushTarget.node, [...nodes])))
}

/** Forgets every device of an account, and what is enabled, but for these nodes. */
export async function keepPushNodes(db: Db, accountId: string, nodes: readonly string[]): Promise<void> {
  const keep = [...nodes]
  await db.delete(pushTarget).where(and(eq(pushTarget.accountId, accountId), notInArray(pushTarget.node, keep)))
  await db.delete(pushDevice).where(and(eq(pushDevice.accountId, accountId), notInArray(pushDevice.node, keep)))
}

/** Notes what has become known of the client that has enabled a node, or which rule its user was told of. */
export async function notePushClient(
  db: Db,
  { accountId, service, node }: Pick<StoredPushTarget, 'accountId' | 'service' | 'node'>,
  known: Partial<Pick<typeof pushTarget.$inferInsert, 'identity' | 'client' | 'deviceKey' | 'updateTold'>>,
): Promise<void> {
  await db
    .update(pushTarget)
    .set(known)
    .where(and(eq(pushTarget.accountId, accountId), eq(pushTarget.service, service), eq(pushTarget.node, node)))
}

/** Items of a node of every account that has something enabled. */
export function listPushedItems(db: Db, node: string) {
  const pushed = db.selectDistinct({ id: pushTarget.accountId }).from(pushTarget)
  return db
    .select({ accountId: pepItem.accountId, itemId: pepItem.itemId, payload: pepItem.payload })
    .from(pepItem)
    .where(and(eq(pepItem.node, node), inArray(pepItem.accountId, pushed)))
}

/** Notes how often in a row publishing has failed; 0 after it has worked. */
export async function notePushFailures(
  db: Db,
  { accountId, service, node }: Pick<StoredPushTarget, 'accountId' | 'service' | 'node'>,
  failures: number,
  failedAt: Date | null,
): Promise<void> {
  await db
    .update(pushTarget)
    .set({ failures, failedAt })
    .where(and(eq(pushTarget.accountId, accountId), eq(pushTarget.service, service), eq(pushTarget.node, node)))
}

/** Everything that is enabled, oldest first: small, and needed whole. */
export function listPushTargets(db: Db) {
  return db
    .select({
      localpart: account.localpart,
      accountId: pushTarget.accountId,
      service: pushTarget.service,
      node: pushTarget.node,
      resource: pushTarget.resource,
      clientId: pushTarget.clientId,
      identity: pushTarget.identity,
      client: pushTarget.client,
      deviceKey: pushTarget.deviceKey,
      updateTold: pushTarget.updateTold,
      failures: pushTarget.failures,
      failedAt: pushTarget.failedAt,
    })
    .from(pushTarget)
    .innerJoin(account, eq(account.id, pushTarget.accountId))
    .orderBy(asc(pushTarget.enabledAt))
}
