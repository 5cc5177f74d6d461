import { NO_IDENTITY, UNREADABLE_FAMILY } from './client.ts'
import type { ClientIdentity } from './client.ts'
import type { LiveEffect, Rule } from './engine.ts'
import { deadlineOf, isAtLeast } from './ladder.ts'
import { disguiseOf } from './lookalike.ts'
import { compileExceptions } from './match.ts'
import type { FindRule, RuleMatch } from './match.ts'
import type { AccountFacts, MediaFacts, Questions, SessionFacts } from './questions.ts'
import type { ClientRuleSetting, PolicySettings } from './settings.ts'
import { PASS, refuse } from './verdict.ts'
import type { PolicyCode, Refuse, Verdict, VerdictDetails } from './verdict.ts'
import { parseVersion } from './version.ts'
import { EVIDENCE_TIERS } from './vocabulary.ts'
import type { EvidenceTier } from './vocabulary.ts'

interface Asked {
  readonly at: number
  readonly account?: AccountFacts | undefined
  readonly client?: ClientIdentity | undefined
  readonly address?: string | undefined
}

/** HTTP has no limbo (control §3.1): who brings no identity there may have any client, and an old one is one of them. */
const NAMELESS: ClientIdentity = { ...NO_IDENTITY, claims: [{ family: UNREADABLE_FAMILY }] }

/**
 * Acts on clients by the rules of administrators. Who does not say over HTTP which client it is may have any.
 * Break-glass accounts are let in all the same.
 *
 * @param from - the lowest stage that refuses. `block` for the enforced rule; the observed twin of it uses `observe`,
 *   so that a rule in its early stages is counted before it hurts.
 */
export function clientVersion(find: FindRule, from: 'observe' | 'block'): Rule {
  const matchOf = ({ account, client, at, address }: Asked): RuleMatch | undefined =>
    account?.isBreakGlass === true || !client ? undefined : find({ at, account, client, address })
  const decide = (facts: Asked): Verdict => {
    const match = matchOf(facts)
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
      'media.read': (facts) => {
        const asked = { ...facts, client: facts.client ?? NAMELESS }
        const match = matchOf(asked)
        if (match && isAtLeast(match.stage, from)) return refusal(match)
        return match && isWithheld(match, facts) ? withheld(match) : PASS
      },
      'push.register': decide,
      'push.send': (facts) => {
        const match = matchOf(facts)
        if (match && isAtLeast(match.stage, from)) return refusal(match)
        // Where images are withheld, what is said past the stream is a number and nothing else (control §3.2).
        return match && isAtLeast(match.stage, 'degrade') && match.setting.formats.length > 0 ? withheld(match) : PASS
      },
      'http.request': (facts) => (isByClient(facts) ? decideHttp(facts) : PASS),
    },
    live: (session) => effectOf(matchOf(session)),
  }
}

/** What the rule about unknown clients goes by. */
type UnknownSettings = Pick<PolicySettings, 'posture' | 'postureLapsesAt' | 'exceptions'> & TierSettings

/**
 * Turns away clients that nobody can name: no evidence, contradicting evidence, a version that cannot be compared; or, in
 * a protected unit, less evidence than it asks for.
 *
 * @param whose - the protected ones are turned away whatever the posture; everybody in posture `enforce`, until it lapses
 *   because nobody has confirmed it.
 */
export function clientUnknown(settings: UnknownSettings, whose: 'protected' | 'everybody'): Rule {
  const { posture, postureLapsesAt = Number.POSITIVE_INFINITY, exceptions } = settings
  const isExcused = compileExceptions(exceptions)
  const decide = (facts: Asked): Verdict => {
    if (facts.account?.isBreakGlass === true) return PASS
    const required = requiredTier(minimumTiersAt(settings, facts.at), facts.account)
    const isMeant = required !== 'E1' || (whose === 'everybody' && facts.at < postureLapsesAt)
    const why = isMeant ? unknownBecause(facts.client, required) : undefined
    if (why === undefined || isExcused({ ...facts, client: facts.client ?? NO_IDENTITY }, undefined)) return PASS
    return refuse('client-unknown', `${why}, ${required === 'E1' ? `posture ${posture}` : 'protected unit'}`)
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
      'push.register': decide,
      'http.request': (facts) => (isByClient(facts) ? decide(facts) : PASS),
    },
  }
}

/**
 * How well a client of this account must be known: the strictest that its units ask for. Whoever is not known, or whose
 * units nobody has looked at, may be in any of them.
 */
export function requiredTier(
  minimumTiers: PolicySettings['minimumTiers'],
  account: Pick<AccountFacts, 'units'> | undefined,
): EvidenceTier {
  const asked = (account?.units ?? Object.keys(minimumTiers)).map((unit) => tierRank(minimumTiers[unit] ?? 'E1'))
  return EVIDENCE_TIERS[Math.max(tierRank('E1'), ...asked)] ?? 'E1'
}

type TierSettings = Pick<PolicySettings, 'minimumTiers' | 'tierLapses'>

/** What units ask for at this moment: without what nobody has confirmed in time. */
export function minimumTiersAt({ minimumTiers, tierLapses }: TierSettings, at: number): TierSettings['minimumTiers'] {
  const lapsed = Object.entries(tierLapses).filter(([, lapse]) => lapse.at <= at)
  if (lapsed.length === 0) return minimumTiers
  const tiers = { ...minimumTiers }
  for (const [unit, { tier }] of lapsed) {
    if (tier === undefined) delete tiers[unit]
    else tiers[unit] = tier
  }
  return tiers
}

const tierRank = (tier: EvidenceTier) => EVIDENCE_TIERS.indexOf(tier)

/** Whether it takes better evidence to be known so well. */
export function isHigherTier(tier: EvidenceTier, than: EvidenceTier): boolean {
  return tierRank(tier) > tierRank(than)
}

/** People who administer are never locked out of the console; their programs are clients like others (control §3.4). */
function isByClient({ area }: Questions['http.request']): boolean {
  return area === 'app' || area === 'program'
}

/** Why a client counts as unknown; undefined when it is known. @param required - how well it must be */
export function unknownBecause(client: ClientIdentity | undefined, required: EvidenceTier = 'E1'): string | undefined {
  if (!client || client.tier === 'E0' || client.family === undefined) return 'no evidence of the client'
  if (client.family === UNREADABLE_FAMILY) return 'the client has an unreadable name'
  const disguised = client.claims.find(({ family }) => disguiseOf(family) !== undefined)
  if (disguised) return `the name ${disguised.family} only looks like ${disguiseOf(disguised.family)}`
  if (client.isSuspect) return 'the client contradicts itself'
  if (client.version === undefined) return `${client.family} names no version`
  if (parseVersion(client.version) === 'unparseable') return `${client.family} names a version that cannot be compared`
  if (tierRank(client.tier) < tierRank(required)) {
    return `${client.family} is known by ${client.tier} only, and ${required} is asked for`
  }
  return undefined
}

/** A format that is not known may be one of those. */
function isWithheld({ stage, setting }: RuleMatch, { isImage, format }: MediaFacts): boolean {
  return isImage && isAtLeast(stage, 'degrade') && (format === undefined || setting.formats.includes(format))
}

function refusal(match: RuleMatch): Refuse {
  const { setting, stage } = match
  return refuse(codeOf(match), `rule ${setting.id}, stage ${stage}: ${meant(setting)}`, { details: detailsOf(match) })
}

function withheld(match: RuleMatch): Refuse {
  const { id, formats } = match.setting
  return refuse('media-withheld', `rule ${id}: ${formats.join(', ')}`, { details: detailsOf(match) })
}

function codeOf({ setting, isCertain }: RuleMatch): PolicyCode {
  if (!isCertain) return 'client-unknown'
  return setting.below === undefined ? 'client-not-allowed' : 'client-too-old'
}

function meant({ family, from, below }: ClientRuleSetting): string {
  return [family, from !== undefined && `from ${from}`, below !== undefined && `below ${below}`]
    .filter(Boolean)
    .join(' ')
}

/** What the client is told: attributes of `<client-blocked/>` and members of the HTTP problem. */
function detailsOf({ setting, delayMs }: RuleMatch): VerdictDetails {
  const deadline = deadlineOf(setting)
  return {
    rule: setting.id,
    family: setting.family,
    ...(setting.below === undefined ? {} : { min: setting.below }),
    ...(setting.url === undefined ? {} : { url: setting.url }),
    ...(deadline === undefined ? {} : { deadline: new Date(deadline + delayMs).toISOString() }),
  }
}

/** `block` leaves an open stream chatting; its uploads and downloads are refused when they are asked for. */
function effectOf(match: RuleMatch | undefined): LiveEffect {
  if (!match || !isAtLeast(match.stage, 'notify')) return { action: 'none' }
  const { stage, setting } = match
  const told = { code: codeOf(match), details: detailsOf(match) }
  if (stage === 'disconnect' || stage === 'notify') return { action: stage, ...told }
  const { formats } = setting
  return stage !== 'warn' && formats.length > 0 ? { action: 'degrade', formats, ...told } : { action: 'warn', ...told }
}
