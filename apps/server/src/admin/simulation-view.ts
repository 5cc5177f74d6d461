import type { Simulation } from '@drawbridge/contract'
import { ANY_FAMILY, familySlug, isAtLeast } from '@drawbridge/policy'
import type { Affected, Sighting } from '@drawbridge/policy'
import { identityView } from './views.ts'

const DAY_MS = 86_400_000
/** Windows in which people are counted, in days (control §3.5). */
const WINDOWS_DAYS = [1, 7, 30, 90] as const
const MAX_LISTED = 500
const MAX_GROUPS = 500

/** A build of a client that would be let in. */
export interface LetIn {
  readonly family: string
  /** Absent: for every system. */
  readonly os?: string | undefined
}

export interface SimulationParts {
  readonly affected: readonly Affected[]
  readonly letIn: readonly LetIn[]
  /** Localparts whose clients say that they are bots. */
  readonly bots: ReadonlySet<string>
  /** Localparts of those who may change the rules or anything else as an administrator. */
  readonly administrators: ReadonlySet<string>
  /** In ms since 1970. */
  readonly at: number
}

/** Whom a change would reach, as people want to know it (control §3.5). */
export function simulationView({
  affected,
  letIn,
  bots,
  administrators,
  at,
}: SimulationParts): Omit<Simulation, 'token' | 'shadows' | 'isSelfLockOut'> {
  const stranded = affected.filter(isStranded)
  const live = affected.filter(({ sighting }) => sighting.isLive)
  const named = (is: (account: Sighting['account']) => boolean) =>
    peopleOf(affected.filter(({ sighting }) => is(sighting.account)))
  const units = Map.groupBy(
    affected.flatMap((one) => (one.sighting.account.units ?? []).map((unit) => ({ unit, one }))),
    ({ unit }) => unit,
  )
  const systems = Map.groupBy(affected, ({ sighting }) => familySlug(sighting.client.os ?? '') ?? '')
  return {
    sessions: live.length,
    people: peopleOf(affected).length,
    stranded: peopleOf(stranded).length,
    noUpgradePath: peopleOf(stranded.filter((one) => !hasUpgradePath(one, letIn))).slice(0, MAX_LISTED),
    administrators: named(({ localpart }) => administrators.has(localpart)),
    breakGlass: named(({ isBreakGlass }) => isBreakGlass),
    bots: named(({ localpart }) => bots.has(localpart)),
    reconnects: live.filter(({ after, sighting }) => after === 'disconnect' && !sighting.account.isBreakGlass).length,
    seenWithin: WINDOWS_DAYS.map((days) => ({
      days,
      people: peopleOf(affected.filter(({ sighting }) => at - sighting.seenAt <= days * DAY_MS)).length,
    })),
    units: [...units]
      .map(([unit, ones]) => ({ unit, people: peopleOf(ones.map(({ one }) => one)).length }))
      .slice(0, MAX_GROUPS),
    systems: [...systems].map(([os, ones]) => ({ os, people: peopleOf(ones).length })).slice(0, MAX_GROUPS),
    versions: versionsOf(affected),
    affected: affected.slice(0, MAX_LISTED).map(affectedView),
  }
}

/** Locked out, and seen with no client that stays allowed. */
export function isStranded({ after, hasOther }: Affected): boolean {
  return isAtLeast(after, 'block') && !hasOther
}

/** Somebody else uses a build of this client, for this system, that would be let in; or we know of one. */
function hasUpgradePath({ sighting: { client } }: Affected, letIn: readonly LetIn[]): boolean {
  const os = familySlug(client.os ?? '')
  return letIn.some(
    (build) =>
      (build.family === client.family || build.family === ANY_FAMILY) &&
      (os === undefined || build.os === undefined || familySlug(build.os) === os),
  )
}

function peopleOf(affected: readonly Affected[]): string[] {
  return [...new Set(affected.map(({ sighting }) => sighting.account.localpart))]
}

function versionsOf(affected: readonly Affected[]): Simulation['versions'] {
  const groups = Map.groupBy(affected, ({ sighting: { client } }) => JSON.stringify([client.family, client.version]))
  return [...groups.values()].map((group) => {
    const { family = '', version } = group[0]?.sighting.client ?? {}
    return {
      family,
      ...(version === undefined ? {} : { version }),
      people: peopleOf(group).length,
      sessions: group.filter(({ sighting }) => sighting.isLive).length,
    }
  })
}

function affectedView({ sighting, before, after, hasOther }: Affected): Simulation['affected'][number] {
  const { account, client, isLive, seenAt } = sighting
  return {
    account: account.localpart,
    isAdmin: account.isAdmin,
    isBreakGlass: account.isBreakGlass,
    client: identityView(client),
    isLive,
    seenAt: new Date(seenAt).toISOString(),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    hasOther,
  }
}
