import type { NewClientRule, Simulation } from '@drawbridge/contract'
import { listClientBuilds, listClientExceptions, listClientRules, listSightings } from '@drawbridge/db'
import { clientRuleSetting, identify, isLetInAtTheTop, ruleExceptionSetting, simulate } from '@drawbridge/policy'
import type {
  Affected,
  ClientIdentity,
  ClientPosture,
  ClientRules,
  ClientRuleSetting,
  Sighting,
} from '@drawbridge/policy'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { newShadows, settingFrom } from '../policy/client-rules.ts'
import { documentFrom, exceptionInputFrom } from '../policy/stored-rules.ts'
import type { Account } from '../routing/accounts.ts'
import { isAdministrator } from './actor.ts'
import type { Actor } from './actor.ts'
import type { AdminContext } from './api.ts'
import { isStranded, simulationView } from './simulation-view.ts'
import type { LetIn } from './simulation-view.ts'

/** How far back clients that were seen count (control §3.5), in milliseconds. */
const HISTORY_MS = 90 * 86_400_000
const MAX_SIGHTINGS = 50_000
/** How long a simulation may be used to save what it was about, in milliseconds. */
const TOKEN_MS = 3_600_000

/** Says whom a rule would reach once it has climbed its ladder, and gives the proof that it was asked. */
export async function simulateRule(context: AdminContext, rule: NewClientRule, actor: Actor): Promise<Simulation> {
  const simulation = await simulateChange(context, { rules: [rule] }, actor)
  return { token: prove(context, actor, documentFrom(rule), context.now()), ...simulation }
}

/** What is to be tried out: rules that are added, another posture, what units ask for. Together they may reach more. */
export interface RuleChanges {
  readonly rules?: readonly NewClientRule[]
  readonly posture?: ClientPosture | undefined
  /** Of all protected units. */
  readonly minimumTiers?: ClientRules['minimumTiers'] | undefined
}

export async function simulateChange(
  context: AdminContext,
  { rules = [], posture, minimumTiers }: RuleChanges,
  actor: Actor,
): Promise<Omit<Simulation, 'token'>> {
  const at = context.now()
  const before = await rulesInForce(context, at)
  const drafts: ClientRuleSetting[] = rules.map((rule, index) =>
    clientRuleSetting.parse({ ...documentFrom(rule), id: `draft${index || ''}`, createdAt: at.getTime() }),
  )
  const after: ClientRules = {
    ...before,
    clientRules: [...before.clientRules, ...drafts],
    posture: posture ?? before.posture,
    minimumTiers: minimumTiers ?? before.minimumTiers,
  }
  const sightings = await gather(context, at)
  const affected = simulate(before, after, sightings, at.getTime())
  const administrators = new Set([...context.accounts.all()].filter(isAdministrator).map(({ localpart }) => localpart))
  return {
    ...simulationView({
      affected,
      administrators,
      letIn: await letInBy(context, after, sightings, at),
      bots: new Set([...context.sessions.list()].flatMap(({ isBot, account }) => (isBot ? [account.localpart] : []))),
      at: at.getTime(),
    }),
    shadows: drafts.flatMap((draft) => newShadows(before.clientRules, draft)),
    isSelfLockOut: isSelfLockOut(affected, sightings, administrators, actor),
  }
}

/** The client rules as they are. */
export async function rulesInForce({ db, policy }: AdminContext, at: Date): Promise<ClientRules> {
  return {
    clientRules: (await listClientRules(db)).map(settingFrom),
    exceptions: (await listClientExceptions(db, at)).map((row) => ruleExceptionSetting.parse(exceptionInputFrom(row))),
    posture: policy.gate.settings.posture,
    minimumTiers: policy.gate.settings.minimumTiers,
  }
}

/** Whether whoever acts has simulated the rule, just as it is, within the last hour. */
export function isSimulated(context: AdminContext, actor: Actor, rule: NewClientRule): boolean {
  return isProven(context, actor, documentFrom(rule), rule.simulation)
}

/** Whether this is the proof that just this document was tried out within the last hour, by whoever acts. */
export function isProven(context: AdminContext, actor: Actor, document: object, proof = ''): boolean {
  const [issued = ''] = proof.split('.')
  const at = new Date(Number(issued))
  const ageMs = context.now().getTime() - at.getTime()
  if (!(ageMs >= 0 && ageMs < TOKEN_MS)) return false
  const expected = Buffer.from(prove(context, actor, document, at))
  const actual = Buffer.from(proof)
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}

/** The proof that somebody tried out a document at this moment: whoever saves it is to have seen what it does. */
export function prove({ simulationKey }: AdminContext, { name }: Actor, document: object, at: Date): string {
  const issued = String(at.getTime())
  const text = JSON.stringify(Object.entries(document).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return `${issued}.${createHmac('sha256', simulationKey).update(`${issued} ${name} ${text}`).digest('base64url')}`
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

/** Builds that stay allowed: used by somebody, or registered here. */
async function letInBy(
  { db }: AdminContext,
  rules: ClientRules,
  sightings: readonly Sighting[],
  at: Date,
): Promise<LetIn[]> {
  const nobody = { localpart: '', isAdmin: false, isBreakGlass: false, units: [] }
  const isLetIn = (client: ClientIdentity) => isLetInAtTheTop(rules, { account: nobody, client }, at.getTime())
  const registered = (await listClientBuilds(db)).map(({ family, version }) =>
    identify([{ source: 'client-element', family, version }]),
  )
  const known = new Map(
    [...registered, ...sightings.map(({ client }) => client)].map((client) => [
      JSON.stringify([client.family, client.version, client.os]),
      client,
    ]),
  )
  return [...known.values()].flatMap((client) =>
    client.family !== undefined && isLetIn(client) ? [{ family: client.family, os: client.os }] : [],
  )
}

/** Whoever asks has no client left, or none of the administrators who were seen has. */
function isSelfLockOut(
  affected: readonly Affected[],
  sightings: readonly Sighting[],
  administrators: ReadonlySet<string>,
  actor: Actor,
): boolean {
  const stranded = new Set(affected.filter(isStranded).map(({ sighting }) => sighting.account.localpart))
  if (actor.kind === 'account' && stranded.has(actor.account.localpart)) return true
  // A break-glass account is let in all the same.
  const seen = sightings.map(({ account }) => account).filter(({ localpart }) => administrators.has(localpart))
  return seen.length > 0 && seen.every(({ localpart, isBreakGlass }) => !isBreakGlass && stranded.has(localpart))
}
