import type { NewClientRule, Simulation } from '@drawbridge/contract'
import { listClientExceptions, listClientRules, listSightings } from '@drawbridge/db'
import { clientRuleSetting, isAtLeast, ruleExceptionSetting, simulate } from '@drawbridge/policy'
import type { Affected, ClientIdentity, ClientRuleSetting, Sighting } from '@drawbridge/policy'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { newShadows, settingFrom } from '../policy/client-rules.ts'
import { documentFrom, exceptionInputFrom } from '../policy/stored-rules.ts'
import type { Account } from '../routing/accounts.ts'
import type { Actor } from './actor.ts'
import type { AdminContext } from './api.ts'
import { identityView } from './views.ts'

/** How far back clients that were seen count (control §3.5), in milliseconds. */
const HISTORY_MS = 90 * 86_400_000
const MAX_SIGHTINGS = 50_000
const MAX_LISTED = 500
/** How long a simulation may be used to save its rule, in milliseconds. */
const TOKEN_MS = 3_600_000

/** Says whom a rule would reach once it has climbed its ladder, and gives the proof that it was asked. */
export async function simulateRule(context: AdminContext, rule: NewClientRule, actor: Actor): Promise<Simulation> {
  return { token: prove(context, documentFrom(rule), context.now()), ...(await simulateRules(context, [rule], actor)) }
}

/** The same for several rules at once: together they may reach more than one after the other. */
export async function simulateRules(
  context: AdminContext,
  rules: readonly NewClientRule[],
  actor: Actor,
): Promise<Omit<Simulation, 'token'>> {
  const { db, now } = context
  const at = now()
  const clientRules = (await listClientRules(db)).map(settingFrom)
  const exceptions = (await listClientExceptions(db, at)).map((row) =>
    ruleExceptionSetting.parse(exceptionInputFrom(row)),
  )
  const drafts: ClientRuleSetting[] = rules.map((rule, index) =>
    clientRuleSetting.parse({ ...documentFrom(rule), id: `draft${index || ''}`, createdAt: at.getTime() }),
  )
  const sightings = await gather(context, at)
  const affected = simulate(
    { clientRules, exceptions },
    { clientRules: [...clientRules, ...drafts], exceptions },
    sightings,
  )
  const people = new Set(affected.map(({ sighting }) => sighting.account.localpart))
  const named = (is: (account: Sighting['account']) => boolean) => [
    ...new Set(
      affected.filter(({ sighting }) => is(sighting.account)).map(({ sighting }) => sighting.account.localpart),
    ),
  ]
  return {
    sessions: affected.filter(({ sighting }) => sighting.isLive).length,
    people: people.size,
    stranded: new Set(affected.filter(isStranded).map(({ sighting }) => sighting.account.localpart)).size,
    administrators: named(({ isAdmin }) => isAdmin),
    breakGlass: named(({ isBreakGlass }) => isBreakGlass),
    versions: versionsOf(affected),
    affected: affected.slice(0, MAX_LISTED).map(affectedView),
    shadows: drafts.flatMap((draft) => newShadows(clientRules, draft)),
    isSelfLockOut: isSelfLockOut(affected, context, actor),
  }
}

/** Whether the rule was simulated, just as it is, within the last hour. */
export function isSimulated(context: AdminContext, rule: NewClientRule): boolean {
  return isProven(context, documentFrom(rule), rule.simulation)
}

/** Whether this is the proof that just this document was tried out within the last hour. */
export function isProven(context: AdminContext, document: object, proof = ''): boolean {
  const [issued = ''] = proof.split('.')
  const at = new Date(Number(issued))
  const ageMs = context.now().getTime() - at.getTime()
  if (!(ageMs >= 0 && ageMs < TOKEN_MS)) return false
  const expected = Buffer.from(prove(context, document, at))
  const actual = Buffer.from(proof)
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}

/** The proof that a document was tried out at this moment. */
export function prove({ simulationKey }: AdminContext, document: object, at: Date): string {
  const issued = String(at.getTime())
  const text = JSON.stringify(Object.entries(document).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return `${issued}.${createHmac('sha256', simulationKey).update(`${issued} ${text}`).digest('base64url')}`
}

/** Live sessions, and every other client seen in the last 90 days. */
async function gather({ db, sessions, accounts, policy }: AdminContext, at: Date): Promise<Sighting[]> {
  const facts = (account: Account) => ({ ...account, units: policy.gate.unitsOf(account.localpart) })
  const live: Sighting[] = []
  for (const { account, client, remoteAddress } of sessions.list()) {
    const known = accounts.find(account.localpart)
    if (known) live.push({ account: facts(known), client, address: remoteAddress, seenAt: at.getTime(), isLive: true })
  }
  const isLive = new Set(live.map(keyOf))
  const stored = await listSightings(db, new Date(at.getTime() - HISTORY_MS), MAX_SIGHTINGS)
  const seen = stored.flatMap(({ localpart, identity, address, lastSeenAt }): Sighting[] => {
    const account = accounts.find(localpart)
    if (!account || account.isDisabled) return []
    const client = identity as ClientIdentity
    return [
      { account: facts(account), client, address: address ?? undefined, seenAt: lastSeenAt.getTime(), isLive: false },
    ]
  })
  return [...live, ...seen.filter((sighting) => !isLive.has(keyOf(sighting)))]
}

function keyOf({ account, client: { family, version, build, os } }: Sighting): string {
  return JSON.stringify([account.localpart, family, version, build, os])
}

function isLockedOut({ after }: Affected): boolean {
  return after !== undefined && isAtLeast(after, 'block')
}

function isStranded(one: Affected): boolean {
  return isLockedOut(one) && !one.hasOther
}

/** Whoever asks has no client left, or no administrator has. */
function isSelfLockOut(affected: readonly Affected[], { accounts }: AdminContext, actor: Actor): boolean {
  const stranded = new Set(affected.filter(isStranded).map(({ sighting }) => sighting.account.localpart))
  if (actor.kind === 'account' && stranded.has(actor.account.localpart)) return true
  const administrators = [...accounts.all()].filter(({ isAdmin, isDisabled }) => isAdmin && !isDisabled)
  return stranded.size > 0 && administrators.every(({ localpart }) => stranded.has(localpart))
}

function versionsOf(affected: readonly Affected[]): Simulation['versions'] {
  const groups = Map.groupBy(affected, ({ sighting: { client } }) => JSON.stringify([client.family, client.version]))
  return [...groups.values()].map((group) => {
    const { family = '', version } = group[0]?.sighting.client ?? {}
    return {
      family,
      ...(version === undefined ? {} : { version }),
      people: new Set(group.map(({ sighting }) => sighting.account.localpart)).size,
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
