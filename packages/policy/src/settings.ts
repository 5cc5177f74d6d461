import { z } from 'zod'
import { conditionFields } from './conditions.ts'
import { RULE_NAMES } from './engine.ts'
import { mediaPolicy, mediaSettings } from './media-policy.ts'
import { CLIENT_POSTURES, LADDER, MINIMUM_TIERS, RULE_ACTIONS, RULE_PRESETS, SUSPENSION_MODES } from './vocabulary.ts'
import { suspensionScope } from './suspension-scope.ts'

const instantMs = z.int().min(0)

/** Most exceptions and rules there may be: each is asked for each session that opens. */
const MAX_RULES = 1_000

/** A client rule as it is written. Instants are milliseconds since 1970. */
export const clientRuleDocument = z.strictObject({
  ...conditionFields,
  /** Rules are asked from the smallest number up; of equal ones the newest first. The first that matches decides. */
  priority: z.int().min(0).max(9_999).default(100),
  /** How far the rule climbs. */
  action: z.enum(RULE_ACTIONS),
  preset: z.enum(RULE_PRESETS).default('routine'),
  /** When it begins to block; by default as far ahead as its preset says. */
  deadline: instantMs.optional(),
  /** When stages begin, where that is not as the preset and the deadline say. */
  stageDates: z.partialRecord(z.enum(LADDER), instantMs).optional(),
  /**
   * Units that climb later, so that a few meet a rule first. Who is in several goes with the first of them; an entry
   * without units is about everybody else, who climb at once where there is none.
   */
  rings: z
    .array(
      z.strictObject({
        units: z.array(z.string().min(1).max(64)).min(1).max(1_000).readonly().optional(),
        delayHours: z.int().min(0).max(8_760),
      }),
    )
    .max(16)
    .readonly()
    .optional(),
  /** Image formats, as delivered, that `degrade` withholds. */
  formats: z.array(z.string().min(1).max(16)).max(16).readonly().default([]),
  url: z.string().max(2048).optional(),
})

/** A client rule with what has happened to it since. */
export const clientRuleSetting = z.strictObject({
  ...clientRuleDocument.shape,
  id: z.string().min(1).max(64),
  createdAt: instantMs,
  /** Falls back to this stage and no further, until somebody lets it climb again (control §3.5, guardrails). */
  ceiling: z.enum(RULE_ACTIONS).optional(),
  /** A session that the rule lets in has confirmed that it does not lock out whoever made it. */
  confirmedAt: instantMs.optional(),
  /** Needs no confirmation: it came from the local socket, which no rule can lock out. */
  isFinal: z.boolean().default(false),
})

/** Whom rules leave alone for a while. It takes precedence over every rule, or over the one it names. */
export const ruleExceptionSetting = z.strictObject({
  id: z.string().min(1).max(64),
  /** Absent: any client rule, the one for unknown clients included. */
  rule: z.string().min(1).max(64).optional(),
  ...conditionFields,
  until: instantMs,
})

/** Whom a suspension leaves alone. */
export const suspensionExemptions = z.strictObject({
  /** Localparts: of everything. */
  accounts: z.array(z.string().min(1).max(256)).max(1_000).readonly().default([]),
  /** Names of units: of everything. Those who come back first when a suspension ends in steps are one. */
  units: z.array(z.string().min(1).max(64)).max(100).readonly().default([]),
  /** Incident rooms, bare JIDs: they keep working for their members. */
  rooms: z.array(z.string().min(3).max(512)).max(100).readonly().default([]),
  /** Emergency bots, bare JIDs or domains of components: their messages pass. */
  bots: z.array(z.string().min(1).max(512)).max(100).readonly().default([]),
})

/** Language tag, such as `de`, and what is said in it. */
export const suspensionTexts = z
  .record(z.string().regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/u), z.string().min(1).max(500))
  .refine((texts) => Object.keys(texts).length <= 20, 'at most 20 languages')

/** One suspension that has not ended. It acts until somebody, or the clock's keeper, records its end. */
export const suspensionSetting = z.strictObject({
  id: z.string().min(1).max(64),
  scopes: z.array(suspensionScope).min(1).max(32).readonly(),
  mode: z.enum(SUSPENSION_MODES),
  /** Shown to users, where there is no text in their language. */
  reason: z.string(),
  reasons: suspensionTexts.default({}),
  /** When it began; when it will, while it is scheduled. */
  since: instantMs,
  until: instantMs.optional(),
  /** It has not begun: it is announced, and acts when the clock's keeper has recorded its start. */
  isScheduled: z.boolean().default(false),
  /** Measured and recorded, without effect and without anybody being told. */
  isDrill: z.boolean().default(false),
  exemptions: suspensionExemptions.default({ accounts: [], units: [], rooms: [], bots: [] }),
})

/** Files that were delivered and are taken back for now. */
export const recallSetting = z
  .strictObject({
    id: z.string().min(1).max(64),
    /** SHA-256 of files as delivered, in hex. */
    hashes: z
      .array(z.string().regex(/^[0-9a-f]{64}$/u))
      .min(1)
      .max(10_000)
      .readonly()
      .optional(),
    /** Ids of uploads. */
    uploads: z.array(z.string()).max(100_000).readonly().optional(),
    /** With `uploads`: bare JID of the room they were shared in, for images that its messages held themselves until then. */
    room: z.string().max(3_071).optional(),
    /** Localparts, and the ids of the accounts that had them when it began. */
    senders: z.array(z.string()).min(1).max(1_000).readonly().optional(),
    senderIds: z.array(z.string()).max(1_000).readonly().default([]),
    /** When such an account was deleted, by its localpart: what is sent under the name from then on is somebody else's. */
    sendersUntil: z.record(z.string(), instantMs).default({}),
    /** Image formats as delivered. */
    formats: z.array(z.string()).min(1).max(16).readonly().optional(),
    sentFrom: instantMs.optional(),
    sentUntil: instantMs.optional(),
    reason: z.string(),
    since: instantMs,
  })
  .refine(
    ({ hashes, uploads, senders, formats, sentFrom, sentUntil }) =>
      [hashes, uploads, senders, formats, sentFrom, sentUntil].some((part) => part !== undefined),
    'names nothing',
  )

/** Everything that decides. Unknown keys, unknown rule names and values that cannot be compared are refused. */
export const policySettings = z.strictObject({
  posture: z.enum(CLIENT_POSTURES).default('discover'),
  /** From here on unknown clients are let in all the same: nobody has confirmed the posture. */
  postureLapsesAt: instantMs.optional(),
  /** Names of protected units, and how well the clients of their members must be known (control §3.1). */
  minimumTiers: z.record(z.string(), z.enum(MINIMUM_TIERS)).default({}),
  /** From when on units ask for another tier again, or for none, since nobody has confirmed what they ask for. */
  tierLapses: z
    .record(z.string(), z.strictObject({ at: instantMs, tier: z.enum(MINIMUM_TIERS).optional() }))
    .default({}),
  clientRules: z.array(clientRuleSetting).max(MAX_RULES).readonly().default([]),
  exceptions: z.array(ruleExceptionSetting).max(MAX_RULES).readonly().default([]),
  suspensions: z.array(suspensionSetting).max(MAX_RULES).readonly().default([]),
  recalls: z.array(recallSetting).max(MAX_RULES).readonly().default([]),
  /** `off`: no stanza goes to or comes from another domain. */
  federation: z.enum(['off', 'on']).default('off'),
  /** What may pass as media. Features ask it, not rules: its answers are settings, not verdicts. */
  media: mediaSettings.default({ service: mediaPolicy.parse({}), units: {} }),
  /** A rule that is not named here is enforced. */
  modes: z.partialRecord(z.enum(RULE_NAMES), z.enum(['enforce', 'observe', 'off'])).default({}),
})

export type ClientRuleDocument = z.output<typeof clientRuleDocument>
export type ClientRuleSetting = z.output<typeof clientRuleSetting>
export type RuleExceptionSetting = z.output<typeof ruleExceptionSetting>
export type RecallSetting = z.output<typeof recallSetting>
export type SuspensionExemptions = z.output<typeof suspensionExemptions>
export type SuspensionSetting = z.output<typeof suspensionSetting>
export type PolicySettings = z.output<typeof policySettings>
export type PolicySettingsInput = z.input<typeof policySettings>
