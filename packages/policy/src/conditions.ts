import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { familySlug, UNREADABLE_FAMILY } from './client.ts'
import type { ClientIdentity } from './client.ts'
import { findNetwork, isInNetwork } from './network.ts'
import type { AccountFacts } from './questions.ts'
import { compareVersions, parseVersion } from './version.ts'
import type { Version } from './version.ts'
import { EVIDENCE_TIERS } from './vocabulary.ts'

/** Stands for every family. */
export const ANY_FAMILY = '*'

const version = z
  .string()
  .refine((text) => parseVersion(text) !== 'unparseable', 'is not a version that can be compared')
const list = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(1_000).readonly()
const network = z
  .string()
  .max(64)
  .refine((text) => findNetwork(text) !== undefined, 'is not a network, write it like 10.1.0.0/16')

/** Whom a rule is about: all of what it names must hold. What it does not name may be anything. */
export const conditionFields = {
  family: z
    .string()
    .refine((family) => family === ANY_FAMILY || familySlug(family) === family, 'is not a client family'),
  /** First version that is meant. */
  from: version.optional(),
  /** First version that is not meant any more: for a minimum, the first one that is fine. */
  below: version.optional(),
  /** Operating systems, as slugs; `windows` means `windows-11`, too. */
  os: list(
    z.string().refine((os) => familySlug(os) === os, 'is not an operating system, write it like windows'),
  ).optional(),
  /** Only clients that are known less well than this. */
  belowTier: z.enum(EVIDENCE_TIERS).optional(),
  /** Names of units: accounts that are in one of them. */
  units: list(z.string().min(1).max(64)).optional(),
  /** Localparts. */
  accounts: list(z.string().min(1).max(1023)).optional(),
  /** Networks that the client connects from, in CIDR notation. */
  networks: list(network).optional(),
  /** The rule acts from here on, in ms since 1970. */
  activeFrom: z.int().min(0).optional(),
  /** And no longer from here on. */
  activeUntil: z.int().min(0).optional(),
} as const

const conditions = z.strictObject(conditionFields)
export type Conditions = z.output<typeof conditions>

/** What conditions look at. */
export interface Matched {
  readonly at: number
  readonly account?: AccountFacts | undefined
  readonly client: ClientIdentity
  /** Where it connects from; absent when that is not known. */
  readonly address?: string | undefined
}

/** `maybe`: it cannot be told, and counts against whoever leaves it open. */
export type Answer = 'yes' | 'maybe' | 'no'

type Claimed = ClientIdentity['claims'][number]
type Test = (matched: Matched, claim: Claimed) => Answer

/**
 * Compiles conditions into one question about a session, asked for each of its claims.
 *
 * A version that cannot be compared may be any version of its family, and an unreadable family may be any family: those
 * answers are `maybe`, never `no`.
 */
export function compileConditions(setting: Conditions): Test {
  const tests: Test[] = [
    familyTest(setting.family),
    ...optional(setting.from ?? setting.below, () => versionTest(setting)),
    ...optional(setting.os, osTest),
    ...optional(setting.belowTier, tierTest),
    ...optional(setting.units, unitTest),
    ...optional(setting.accounts, accountTest),
    ...optional(setting.networks, networkTest),
    ...optional(setting.activeFrom ?? setting.activeUntil, () => windowTest(setting)),
  ]
  return (matched, claim) => {
    let answer: Answer = 'yes'
    for (const test of tests) {
      const next = test(matched, claim)
      if (next === 'no') return 'no'
      if (next === 'maybe') answer = 'maybe'
    }
    return answer
  }
}

function optional<T>(value: T | undefined, build: (value: T) => Test): Test[] {
  return value === undefined ? [] : [build(value)]
}

function familyTest(family: string): Test {
  return (_, claim) => {
    if (family === ANY_FAMILY || claim.family === family) return 'yes'
    return claim.family === UNREADABLE_FAMILY ? 'maybe' : 'no'
  }
}

function versionTest({ from, below }: Conditions): Test {
  const first = comparable(from)
  const end = comparable(below)
  return (_, claim) => {
    const claimed = claim.version === undefined ? 'unparseable' : parseVersion(claim.version)
    // Of an unreadable family no version says anything.
    if (claimed === 'unparseable' || claim.family === UNREADABLE_FAMILY) return 'maybe'
    if (first && compareVersions(claimed, first) < 0) return 'no'
    return end && compareVersions(claimed, end) >= 0 ? 'no' : 'yes'
  }
}

function comparable(text: string | undefined): Version | undefined {
  const parsed = text === undefined ? undefined : parseVersion(text)
  if (parsed === 'unparseable') throw new Error(`${text ?? ''} cannot be compared`)
  return parsed
}

function osTest(systems: readonly string[]): Test {
  return ({ client }) => {
    const os = client.os === undefined ? undefined : familySlug(client.os)
    if (os === undefined) return 'maybe'
    return systems.some((system) => os === system || os.startsWith(`${system}-`)) ? 'yes' : 'no'
  }
}

function tierTest(tier: ClientIdentity['tier']): Test {
  const least = EVIDENCE_TIERS.indexOf(tier)
  return ({ client }) => (EVIDENCE_TIERS.indexOf(client.tier) < least ? 'yes' : 'no')
}

function unitTest(units: readonly string[]): Test {
  const named = new Set(units)
  return ({ account }) => {
    if (!account?.units) return 'maybe'
    return account.units.some((unit) => named.has(unit)) ? 'yes' : 'no'
  }
}

function accountTest(accounts: readonly string[]): Test {
  const named = new Set(accounts)
  return ({ account }) => {
    if (!account) return 'maybe'
    return named.has(account.localpart) ? 'yes' : 'no'
  }
}

function networkTest(networks: readonly string[]): Test {
  const ranges = networks.map((text) => findNetwork(text)).filter((range) => range !== undefined)
  return ({ address }) => {
    if (address === undefined || !ipaddr.isValid(address)) return 'maybe'
    return ranges.some((range) => isInNetwork(address, range)) ? 'yes' : 'no'
  }
}

function windowTest({ activeFrom = 0, activeUntil = Number.POSITIVE_INFINITY }: Conditions): Test {
  return ({ at }) => (at >= activeFrom && at < activeUntil ? 'yes' : 'no')
}

/**
 * Whether everybody whom `inner` is about is also meant by `outer`. False where that is not certain, so nothing is called
 * covered that is not.
 */
export function covers(outer: Conditions, inner: Conditions): boolean {
  const isFamilyCovered = outer.family === ANY_FAMILY || outer.family === inner.family
  const isWithin = (key: 'units' | 'accounts' | 'networks' | 'os') =>
    outer[key] === undefined || inner[key]?.every((item) => outer[key]?.includes(item) === true) === true
  return (
    isFamilyCovered &&
    startsBefore(outer.from, inner.from) &&
    endsAfter(outer.below, inner.below) &&
    isTierCovered(outer.belowTier, inner.belowTier) &&
    (['units', 'accounts', 'networks', 'os'] as const).every(isWithin) &&
    (outer.activeFrom ?? 0) <= (inner.activeFrom ?? 0) &&
    (outer.activeUntil ?? Number.POSITIVE_INFINITY) >= (inner.activeUntil ?? Number.POSITIVE_INFINITY)
  )
}

function startsBefore(outer: string | undefined, inner: string | undefined): boolean {
  const limit = comparable(outer)
  const start = comparable(inner)
  return limit === undefined || (start !== undefined && compareVersions(limit, start) <= 0)
}

function endsAfter(outer: string | undefined, inner: string | undefined): boolean {
  const limit = comparable(outer)
  const end = comparable(inner)
  return limit === undefined || (end !== undefined && compareVersions(limit, end) >= 0)
}

function isTierCovered(outer: Conditions['belowTier'], inner: Conditions['belowTier']): boolean {
  if (outer === undefined) return true
  return inner !== undefined && EVIDENCE_TIERS.indexOf(inner) <= EVIDENCE_TIERS.indexOf(outer)
}
