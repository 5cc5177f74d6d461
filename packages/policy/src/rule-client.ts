import { NO_IDENTITY, UNREADABLE_FAMILY } from './client.ts'
import type { ClientIdentity } from './client.ts'
import type { LiveEffect, Rule } from './engine.ts'
import { deadlineOf, isAtLeast, stageAt } from './ladder.ts'
import type { AccountFacts, SessionFacts } from './questions.ts'
import type { ClientRuleSetting } from './settings.ts'
import { PASS, refuse } from './verdict.ts'
import type { Refuse, Verdict, VerdictDetails } from './verdict.ts'
import { checkVersion, parseVersion } from './version.ts'
import type { Version } from './version.ts'
import type { ClientPosture, RuleAction } from './vocabulary.ts'

interface Compiled {
  readonly setting: ClientRuleSetting
  readonly minimum: Version
}

interface Match {
  readonly setting: ClientRuleSetting
  readonly stage: RuleAction
  readonly isReadable: boolean
}

interface Asked {
  readonly at: number
  readonly account?: AccountFacts | undefined
  readonly client?: ClientIdentity | undefined
}

/** HTTP has no limbo (control §3.1): who brings no identity there may have any client, and an old one is one of them. */
const NAMELESS: ClientIdentity = { ...NO_IDENTITY, claims: [{ family: UNREADABLE_FAMILY }] }

const EVERY_STAGE: readonly RuleAction[] = ['observe', 'notify', 'warn', 'degrade', 'block', 'disconnect']

/**
 * Turns away clients older than a rule's minimum. A version that cannot be compared, or none, matches every rule of its
 * family; a family that cannot be read matches every rule. Of several matches the strictest stage wins, so no
 * permissive rule can hide a strict one. Who does not say over HTTP which client it is may have any. Break-glass accounts
 * are let in all the same.
 *
 * @param from - the lowest stage that refuses. `block` for the enforced rule; the observed twin of it uses `observe`,
 *   so that a rule in its early stages is counted before it hurts.
 */
export function clientVersion(settings: readonly ClientRuleSetting[], from: 'observe' | 'block'): Rule {
  const rules = settings.map(compileRule)
  const decide = (facts: Asked): Verdict => {
    if (facts.account?.isBreakGlass === true || !facts.client) return PASS
    const match = strictest(rules, facts.client, facts.at)
    return match && isAtLeast(match.stage, from) ? refusal(match) : PASS
  }
  const decideHttp = (facts: Asked): Verdict => decide({ ...facts, client: facts.client ?? NAMELESS })
  return {
    name: 'client-version',
    decide: {
      'session.open': decide,
      'session.resume': decide,
      'upload.request': decide,
      'upload.put': decide,
      'media.read': decideHttp,
      'http.request': (facts) => (facts.area === 'app' ? decideHttp(facts) : PASS),
    },
    live: (session) => liveEffectOf(rules, session),
  }
}

/**
 * Turns away clients that nobody can name: no evidence, contradicting evidence, or a version that cannot be compared.
 * In posture `discover` the compiler lets it observe only.
 */
export function clientUnknown(posture: ClientPosture): Rule {
  const decide = (facts: Asked): Verdict => {
    if (facts.account?.isBreakGlass === true) return PASS
    const why = unknownBecause(facts.client)
    return why === undefined ? PASS : refuse('client-unknown', `${why}, posture ${posture}`)
  }
  const atBind = (facts: SessionFacts): Verdict => (facts.isIdentityPending === true ? PASS : decide(facts))
  return {
    name: 'client-unknown',
    decide: {
      'session.open': atBind,
      'session.resume': atBind,
      'upload.request': decide,
      'upload.put': decide,
      'media.read': decide,
      'http.request': (facts) => (facts.area === 'app' ? decide(facts) : PASS),
    },
  }
}

/** Why a client counts as unknown; undefined when it is known. */
export function unknownBecause(client: ClientIdentity | undefined): string | undefined {
  if (!client || client.tier === 'E0' || client.family === undefined) return 'no evidence of the client'
  if (client.family === UNREADABLE_FAMILY) return 'the client has an unreadable name'
  if (client.isSuspect) return 'the client contradicts itself'
  if (client.version === undefined) return `${client.family} names no version`
  if (parseVersion(client.version) === 'unparseable') return `${client.family} names a version that cannot be compared`
  return undefined
}

function compileRule(setting: ClientRuleSetting): Compiled {
  const minimum = parseVersion(setting.below)
  if (minimum === 'unparseable') throw new Error(`rule ${setting.id}: ${setting.below} cannot be compared`)
  return { setting, minimum }
}

function strictest(rules: readonly Compiled[], client: ClientIdentity, at: number): Match | undefined {
  let found: Match | undefined
  for (const { setting, minimum } of rules) {
    const stage = stageAt(setting, at)
    if (stage === undefined || (found && EVERY_STAGE.indexOf(stage) <= EVERY_STAGE.indexOf(found.stage))) continue
    for (const { family, version } of client.claims) {
      if (family !== UNREADABLE_FAMILY && family !== setting.family) continue
      const checked = checkVersion(version, minimum)
      // An unreadable family is any client: whatever version it claims is of no use.
      if (checked === 'allowed' && family !== UNREADABLE_FAMILY) continue
      found = { setting, stage, isReadable: checked !== 'unparseable' && family !== UNREADABLE_FAMILY }
    }
  }
  return found
}

function refusal({ setting, isReadable, stage }: Match): Refuse {
  return refuse(
    isReadable ? 'client-too-old' : 'client-unknown',
    `rule ${setting.id}, stage ${stage}: ${setting.family} below ${setting.below}`,
    { details: detailsOf(setting) },
  )
}

/** What the client is told: attributes of `<client-blocked/>` and members of the HTTP problem. */
function detailsOf(setting: ClientRuleSetting): VerdictDetails {
  const deadline = deadlineOf(setting)
  return {
    rule: setting.id,
    family: setting.family,
    min: setting.below,
    ...(setting.url === undefined ? {} : { url: setting.url }),
    ...(deadline === undefined ? {} : { deadline: new Date(deadline).toISOString() }),
  }
}

/** `block` leaves an open stream chatting; its uploads and downloads are refused when they are asked for. */
function liveEffectOf(rules: readonly Compiled[], { account, client, at }: SessionFacts): LiveEffect {
  const match = account.isBreakGlass ? undefined : strictest(rules, client, at)
  if (!match || match.stage === 'observe') return { action: 'none' }
  const code = match.isReadable ? 'client-too-old' : 'client-unknown'
  const details = detailsOf(match.setting)
  if (match.stage === 'disconnect') return { action: 'disconnect', code, details }
  return { action: match.stage === 'notify' ? 'notify' : 'warn', code, details }
}
