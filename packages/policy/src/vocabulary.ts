/**
 * What a client rule may do, from harmless to final. `allow` ends the search for a rule and does nothing; the others are
 * a ladder, which a rule climbs up to its own action.
 */
export const RULE_ACTIONS = ['allow', 'observe', 'notify', 'warn', 'degrade', 'block', 'disconnect'] as const
export type RuleAction = (typeof RULE_ACTIONS)[number]

/** The stages that a rule climbs through, from the mildest. */
export const LADDER = ['notify', 'warn', 'degrade', 'block', 'disconnect'] as const satisfies readonly RuleAction[]

/** How fast a rule climbs its ladder (control §3.2). */
export const RULE_PRESETS = ['routine', 'urgent', 'emergency', 'now'] as const
export type RulePreset = (typeof RULE_PRESETS)[number]

/** How a suspension acts, ordered by strictness for sends; `read-only` and `reject` are equally strict there. */
export const SUSPENSION_MODES = ['announce', 'hold', 'read-only', 'reject', 'cut'] as const
export type SuspensionMode = (typeof SUSPENSION_MODES)[number]

/**
 * How well a client's identity is known: E0 nothing, E1 it says so itself, E2 corroborated, E3 issued by this server,
 * E4 attested by the device. None of them is proof.
 */
export const EVIDENCE_TIERS = ['E0', 'E1', 'E2', 'E3', 'E4'] as const
export type EvidenceTier = (typeof EVIDENCE_TIERS)[number]

/** How well a unit may ask that the clients of its members are known. Everybody is asked for E1. */
export const MINIMUM_TIERS = ['E2', 'E3', 'E4'] as const satisfies readonly EvidenceTier[]
export type MinimumTier = (typeof MINIMUM_TIERS)[number]

/** What happens to clients that nobody can name: `discover` lets them in and counts them, `enforce` blocks them. */
export const CLIENT_POSTURES = ['discover', 'enforce'] as const
export type ClientPosture = (typeof CLIENT_POSTURES)[number]
