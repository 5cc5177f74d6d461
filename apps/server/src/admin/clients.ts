import type { Proposal } from '@drawbridge/advisories'
import { Refusal } from '@drawbridge/contract'
import type { ClientUse, ClientVersion, STANDINGS } from '@drawbridge/contract'
import { listClientDays, listInventory, listProposals, listSeenVersions } from '@drawbridge/db'
import type { Db, InventoryRow, UsedVersion } from '@drawbridge/db'
import { compareVersions, parseVersion, unknownBecause } from '@drawbridge/policy'
import type { ClientIdentity } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminContext, AdminHandlers } from './api.ts'
import { cursorOf, firstReadAt, pageOf, placeFrom } from './page.ts'
import type { Place } from './page.ts'
import { hasText } from './search.ts'
import { identityView } from './views.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 90
const PAGE = 500
const MAX_PROPOSALS = 10_000

const usePlace = z.tuple([z.number(), z.number(), z.uuid(), z.string().regex(/^(?:[0-9a-f]{2}){1,64}$/u)])
const dayPlace = z.tuple([z.iso.date(), z.string(), z.string()])

/** Which clients and versions are in use, by whom, from where and since when (control §2, rows 1 to 3). */
export function clientHandlers({
  db,
  sessions,
  policy: { gate },
  now,
}: AdminContext): AdminHandlers<'listClientVersions' | 'listClientUses' | 'listClientHistory'> {
  const since = (days = DEFAULT_DAYS) => new Date(now().getTime() - days * DAY_MS)
  return {
    async listClientVersions({ query: { days, text, standing, live: isLive, ...query } }) {
      const live = Map.groupBy(sessions.list(), ({ account, client }) =>
        keyOf(client, unknownBecause(client, gate.requiredTier(account)) !== undefined),
      )
      const flaws = await openFlaws(db)
      const readAt = firstReadAt(query.cursor, now())
      const seen = await listSeenVersions(db, since(days), new Date(readAt))
      const latest = latestVersions(seen)
      const found = seen
        .map((row) => {
          const client = versionView(row, live.get(keyOf(row, row.isUnknown))?.length ?? 0, flaws)
          return { row, client: { ...client, ...daysBehind(row, latest.get(row.family), now()) } }
        })
        .filter(
          ({ client }) =>
            hasText([`${client.family ?? ''} ${client.version ?? ''}`], text) &&
            (standing === undefined || standingOf(client) === standing) &&
            (isLive === undefined || client.sessions > 0 === (isLive === 'true')),
        )
      // The most used first, as they were when somebody began to read.
      const { page, more } = pageOf(found, query, ({ row: { isUnknown, peopleThen, family, version } }) => [
        readAt,
        isUnknown ? 0 : 1,
        -peopleThen,
        family ?? '',
        version ?? '',
      ])
      return { clients: page.map(({ client }) => client), ...more }
    },
    async listClientUses({ query: { days, cursor, limit = PAGE, unknown, ...only } }) {
      const filter = { ...only, since: since(days), isUnknown: unknown && unknown === 'true' }
      const after = cursor === undefined ? undefined : known(usePlace, cursor)
      const rows = await listInventory(
        db,
        filter,
        limit + 1,
        after && {
          isKnown: after[0] === 1,
          firstSeenAt: new Date(-after[1]),
          accountId: after[2],
          clientKey: after[3],
        },
      )
      const page = rows.slice(0, limit)
      return { uses: page.map(useView), ...nextOf(rows, limit, placeOfUse) }
    },
    async listClientHistory({ query: { days, cursor, limit = PAGE } }) {
      const after = cursor === undefined ? undefined : known(dayPlace, cursor)
      const from = since(days).toISOString().slice(0, 10)
      const at = after && { day: after[0], family: after[1], version: after[2] }
      const rows = await listClientDays(db, from, limit + 1, at)
      return {
        days: rows.slice(0, limit),
        ...nextOf(rows, limit, ({ day, family, version }) => [day, family, version]),
      }
    },
  }
}

function known<T>(schema: z.ZodType<T>, cursor: string): T {
  const { data } = schema.safeParse(placeFrom(cursor))
  if (data === undefined) throw new Refusal('bad-request')
  return data
}

function nextOf<T>(rows: readonly T[], limit: number, placeOf: (row: T) => Place): { readonly next?: string } {
  const last = rows[limit - 1]
  return rows.length > limit && last !== undefined ? { next: cursorOf(placeOf(last)) } : {}
}

function placeOfUse({ unknownBecause: why, firstSeenAt, accountId, clientKey }: InventoryRow): Place {
  return [why === null ? 1 : 0, -firstSeenAt.getTime(), accountId, Buffer.from(clientKey).toString('hex')]
}

/** Whether it can be named tells apart what calls itself the same. */
function keyOf(
  { family, version }: { readonly family?: string | null; readonly version?: string | null },
  isUnknown: boolean,
): string {
  return JSON.stringify([family ?? null, version ?? null, isUnknown])
}

/** The highest version of each family that can be named and compared. */
function latestVersions(seen: readonly UsedVersion[]): Map<string | null, UsedVersion> {
  const latest = new Map<string | null, UsedVersion>()
  for (const row of seen) {
    const isNamed = !row.isUnknown && parseVersion(row.version ?? '') !== 'unparseable'
    const before = latest.get(row.family)
    if (isNamed && (before === undefined || isBelow(before, row))) latest.set(row.family, row)
  }
  return latest
}

function isBelow(one: UsedVersion, other: UsedVersion): boolean {
  const [left, right] = [parseVersion(one.version ?? ''), parseVersion(other.version ?? '')]
  return left !== 'unparseable' && right !== 'unparseable' && compareVersions(left, right) < 0
}

/** For how long people of an older version could have had the latest one (control §2, row 2). */
function daysBehind(row: UsedVersion, latest: UsedVersion | undefined, now: Date): Pick<ClientVersion, 'daysBehind'> {
  if (!latest || row.isUnknown || parseVersion(row.version ?? '') === 'unparseable') return {}
  if (!isBelow(row, latest)) return { daysBehind: 0 }
  return { daysBehind: Math.max(0, Math.floor((now.getTime() - latest.firstSeenAt.getTime()) / DAY_MS)) }
}

/** What advisories say against versions, by family and version; what somebody has dismissed does not count. */
async function openFlaws(db: Db): Promise<ReadonlyMap<string, ClientVersion['flaws']>> {
  const said = (await listProposals(db, MAX_PROPOSALS))
    .filter(({ state }) => state === 'open' || state === 'accepted')
    .flatMap(({ family, flaw, document }) => {
      const { versions, isExploited } = document as Proposal
      return versions.map((version) => ({ of: flawKey(family, version), flaw: { flaw, isExploited } }))
    })
    .toSorted((one, other) => Number(other.flaw.isExploited) - Number(one.flaw.isExploited))
  const byVersion = Map.groupBy(said, ({ of }) => of)
  return new Map(Array.from(byVersion, ([of, flaws]) => [of, flaws.map(({ flaw }) => flaw)]))
}

const flawKey = (family: string | null, version: string | null | undefined) => JSON.stringify([family, version ?? null])

function standingOf({ flaws, isUnknown }: ClientVersion): (typeof STANDINGS)[number] {
  if (flaws.length > 0) return 'flawed'
  return isUnknown ? 'unknown' : 'fine'
}

function versionView(
  row: UsedVersion,
  live: number,
  flaws: ReadonlyMap<string, ClientVersion['flaws']>,
): ClientVersion {
  const { family, version, isUnknown, people, tiers, firstSeenAt, lastSeenAt } = row
  return {
    ...(family === null ? {} : { family }),
    ...(version === null ? {} : { version }),
    isUnknown,
    people,
    sessions: live,
    tiers: tiers as ClientVersion['tiers'],
    flaws: flaws.get(flawKey(family, version)) ?? [],
    firstSeenAt: firstSeenAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
  }
}

function useView(row: InventoryRow): ClientUse {
  const { localpart, units, identity, unknownBecause: why, address, node, firstSeenAt, lastSeenAt, refusedAt } = row
  return {
    account: localpart,
    units,
    client: identityView(identity as ClientIdentity),
    ...(why === null ? {} : { unknownBecause: why }),
    ...(address === null ? {} : { address }),
    node,
    firstSeenAt: firstSeenAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    ...(refusedAt === null ? {} : { refusedAt: refusedAt.toISOString() }),
  }
}
