import type { ClientUse, ClientVersion } from '@drawbridge/contract'
import { listClientDays, listSightings } from '@drawbridge/db'
import type { StoredSighting } from '@drawbridge/db'
import { unknownBecause } from '@drawbridge/policy'
import type { ClientIdentity } from '@drawbridge/policy'
import type { LiveSession } from '../policy/enforce.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { identityView } from './views.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 90
/** Clients of people that are looked at for one answer. */
const MAX_SIGHTINGS = 100_000

/** Which clients and versions are in use, by whom, and since when (control §2, rows 1 to 3). */
export function clientHandlers({
  db,
  sessions,
  now,
}: AdminContext): AdminHandlers<'listClientVersions' | 'listClientUses' | 'listClientHistory'> {
  const since = (days = DEFAULT_DAYS) => new Date(now().getTime() - days * DAY_MS)
  return {
    async listClientVersions({ query: { days } }) {
      const sightings = await listSightings(db, since(days), MAX_SIGHTINGS)
      return { clients: versionsOf(sightings, [...sessions.list()]) }
    },
    async listClientUses({ query: { days, limit = 500, family, version } }) {
      const only = { ...(family === undefined ? {} : { family }), ...(version === undefined ? {} : { version }) }
      return { uses: (await listSightings(db, since(days), limit, only)).map(useView) }
    },
    async listClientHistory({ query: { days } }) {
      return { days: await listClientDays(db, since(days).toISOString().slice(0, 10)) }
    },
  }
}

function versionsOf(sightings: readonly StoredSighting[], live: readonly LiveSession[]): ClientVersion[] {
  const sessions = Map.groupBy(live, ({ client }) => keyOf(client))
  const groups = Map.groupBy(sightings, ({ identity }) => keyOf(identity as ClientIdentity))
  const versions = [...groups].map(([key, group]) => {
    const identities = group.map(({ identity }) => identity as ClientIdentity)
    const { family, version } = identities[0] ?? {}
    const instants = (pick: 'firstSeenAt' | 'lastSeenAt') => group.map((sighting) => sighting[pick].getTime())
    return {
      ...(family === undefined ? {} : { family }),
      ...(version === undefined ? {} : { version }),
      isUnknown: identities.some((identity) => unknownBecause(identity) !== undefined),
      people: new Set(group.map(({ accountId }) => accountId)).size,
      sessions: sessions.get(key)?.length ?? 0,
      tiers: [...new Set(identities.map(({ tier }) => tier))].toSorted(),
      firstSeenAt: new Date(instants('firstSeenAt').reduce((a, b) => Math.min(a, b))).toISOString(),
      lastSeenAt: new Date(instants('lastSeenAt').reduce((a, b) => Math.max(a, b))).toISOString(),
    }
  })
  return versions.toSorted((a, b) => Number(b.isUnknown) - Number(a.isUnknown) || b.people - a.people)
}

/** Whether it can be named tells apart what calls itself the same. */
function keyOf(client: ClientIdentity): string {
  return JSON.stringify([client.family, client.version, unknownBecause(client) !== undefined])
}

function useView({ localpart, identity, address, firstSeenAt, lastSeenAt }: StoredSighting): ClientUse {
  return {
    account: localpart,
    client: identityView(identity as ClientIdentity),
    ...(address === null ? {} : { address }),
    firstSeenAt: firstSeenAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
  }
}
