import type { RuleAction, RulePreset } from '@drawbridge/policy'
import type { Advisory, Exploited, NotAffected } from './advisory.ts'
import { CONFIDENCES, findMatches } from './match.ts'
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
export function propose(knowledge: Knowledge, known: Known, now: number): Proposal[] {
  const exploited = new Map(knowledge.exploited.map((entry) => [entry.id, entry]))
  const found = knowledge.advisories.flatMap((advisory) => {
    const ids = [advisory.id, ...advisory.aliases]
    const hit = ids.map((id) => exploited.get(id)).find((entry) => entry !== undefined)
    return findMatches(advisory, known)
      .filter((match) => !isDenied(ids, match, knowledge.notAffected, known))
      .map((match) => proposalOf(advisory, match, hit, now))
  })
  const groups = Map.groupBy(found, ({ flaw, family }) => `${flaw} ${family}`)
  return [...groups.values()].flatMap(strongest).toSorted((a, b) => rankOf(a) - rankOf(b))
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

/** A vendor has said that this product, or this client, does not have the flaw. */
function isDenied(ids: readonly string[], match: Match, denials: readonly NotAffected[], { products }: Known): boolean {
  const names = [...(products.clients[match.family]?.identifiers ?? [])]
  return denials.some(({ id, identifiers }) => ids.includes(id) && identifiers.some((name) => names.includes(name)))
}

/** Several publishers of one flaw: the surest one's word, all of them named. */
function strongest(group: readonly Proposal[]): Proposal[] {
  const [best] = group.toSorted((a, b) => rankOf(a) - rankOf(b))
  if (!best) return []
  return [{ ...best, advisories: [...new Set(group.flatMap(({ advisories }) => advisories))] }]
}

function rankOf({ isExploited, confidence }: Proposal): number {
  return (isExploited ? 0 : 10) + CONFIDENCES.indexOf(confidence)
}
