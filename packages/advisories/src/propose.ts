import type { RuleAction, RulePreset } from '@drawbridge/policy'
import type { Advisory, Exploited, NotAffected } from './advisory.ts'
import { keyOf } from './identifiers.ts'
import { CONFIDENCES, createMatcher } from './match.ts'
import type { Confidence, Known, Match } from './match.ts'

/** What might be done about one family because of one flaw. Somebody has to decide. */
export interface Proposal extends Match {
  /** The flaw's CVE where it has one, else the first id it was published under. */
  readonly flaw: string
  readonly advisories: readonly string[]
  readonly title: string
  readonly url?: string
  readonly isExploited: boolean
  readonly suggestion: Suggestion
  /** It may be applied as `degrade` by itself, where an administrator has armed that: exploited, exact, formats known. */
  readonly isDegradeArmable: boolean
}

/** A client rule that would fit. */
export interface Suggestion {
  readonly action: RuleAction
  readonly preset: RulePreset
  /** Milliseconds since 1970. */
  readonly deadline?: number
}

/** Most publications of one flaw that a proposal names. */
const MAX_NAMED = 100

/** All that is known of flaws. */
export interface Knowledge {
  readonly advisories: readonly Advisory[]
  readonly exploited: readonly Exploited[]
  readonly notAffected: readonly NotAffected[]
}

/** By urgency and confidence (control §3.6): KEV gives urgency, never versions. */
const SUGGESTIONS: Readonly<Record<'exploited' | 'published', Readonly<Record<Confidence, Suggestion>>>> = {
  exploited: {
    exact: { action: 'disconnect', preset: 'urgent' },
    likely: { action: 'block', preset: 'urgent' },
    possible: { action: 'warn', preset: 'urgent' },
  },
  published: {
    exact: { action: 'block', preset: 'routine' },
    likely: { action: 'warn', preset: 'routine' },
    possible: { action: 'observe', preset: 'routine' },
  },
}

/** Proposals for the clients in use, the most urgent first. @param now - milliseconds since 1970. */
export function propose({ advisories, ...notes }: Knowledge, known: Known, now: number): Proposal[] {
  const proposals = createProposals(notes, known, now)
  for (const advisory of advisories) proposals.take(advisory)
  return proposals.all()
}

/** Proposals that come together one advisory after the other, so that whoever has many can pause between them. */
export interface Proposals {
  take(advisory: Advisory): void
  /** Matches that were left out since there are too many proposals; those taken first stay. */
  readonly leftOut: number
  /** What came of all that was taken, the most urgent first. */
  all(): Proposal[]
}

/** See `propose`. @param max - proposals that are kept. */
export function createProposals(
  notes: Omit<Knowledge, 'advisories'>,
  known: Known,
  now: number,
  max = Number.POSITIVE_INFINITY,
): Proposals {
  const exploited = new Map(notes.exploited.map((entry) => [entry.id, entry]))
  const denied = deniedFamilies(notes.notAffected, known)
  const findMatches = createMatcher(known)
  const found = new Map<string, Proposal>()
  let leftOut = 0
  return {
    get leftOut() {
      return leftOut
    },
    take(advisory) {
      const ids = [advisory.id, ...advisory.aliases]
      const hit = ids.map((id) => exploited.get(id)).find((entry) => entry !== undefined)
      for (const match of findMatches(advisory)) {
        if (ids.some((id) => denied.has(`${id} ${match.family}`))) continue
        const proposal = proposalOf(advisory, match, hit, now)
        const key = `${proposal.flaw} ${proposal.family}`
        const before = found.get(key)
        if (before || found.size < max) found.set(key, before ? stronger(before, proposal) : proposal)
        else leftOut++
      }
    },
    all: () => [...found.values()].toSorted((a, b) => rankOf(a) - rankOf(b)),
  }
}

function proposalOf(advisory: Advisory, match: Match, hit: Exploited | undefined, now: number): Proposal {
  const flaw = [advisory.id, ...advisory.aliases].find((id) => id.startsWith('CVE-')) ?? advisory.id
  return {
    ...match,
    flaw,
    advisories: [advisory.id],
    title: advisory.title,
    ...(advisory.url === undefined ? {} : { url: advisory.url }),
    isExploited: hit !== undefined,
    suggestion: suggestionFor(match, hit, now),
    isDegradeArmable: hit !== undefined && match.confidence === 'exact' && match.formats.length > 0,
  }
}

/** Where no version is fine, locking out would leave people nowhere to go: the images alone are withheld. */
function suggestionFor({ confidence, range, formats }: Match, hit: Exploited | undefined, now: number): Suggestion {
  const suggestion = SUGGESTIONS[hit ? 'exploited' : 'published'][confidence]
  const isBlocking = suggestion.action === 'block' || suggestion.action === 'disconnect'
  const action = isBlocking && range.below === undefined ? (formats.length > 0 ? 'degrade' : 'warn') : suggestion.action
  const due = hit?.dueDate === undefined ? Number.NaN : Date.parse(hit.dueDate)
  return { ...suggestion, action, ...(due > now ? { deadline: due } : {}) }
}

/** Where a vendor has said that its client does not have a flaw: `id family`. */
function deniedFamilies(denials: readonly NotAffected[], { clients, builds, products }: Known): Set<string> {
  const families = [...new Set([...clients, ...builds].map(({ family }) => family))]
  const named = families.flatMap((family) =>
    (products.clients[family]?.identifiers ?? []).map((identifier) => ({ key: keyOf(identifier), family })),
  )
  const byKey = Map.groupBy(named, ({ key }) => key)
  return new Set(
    denials.flatMap(({ id, identifiers }) =>
      identifiers.flatMap((identifier) => (byKey.get(keyOf(identifier)) ?? []).map(({ family }) => `${id} ${family}`)),
    ),
  )
}

/** Two publishers of one flaw: the surer one's word, both of them named. */
function stronger(first: Proposal, second: Proposal): Proposal {
  const best = rankOf(second) < rankOf(first) ? second : first
  return { ...best, advisories: [...new Set([...first.advisories, ...second.advisories])].slice(0, MAX_NAMED) }
}

function rankOf({ isExploited, confidence }: Proposal): number {
  return (isExploited ? 0 : 10) + CONFIDENCES.indexOf(confidence)
}
