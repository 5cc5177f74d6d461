import { z } from 'zod'
import { familySlug } from './client.ts'
import { RULE_NAMES } from './engine.ts'
import { mediaPolicy, mediaSettings } from './media-policy.ts'
import { parseVersion } from './version.ts'
import { CLIENT_POSTURES, RULE_ACTIONS, SUSPENSION_MODES, SUSPENSION_SCOPES } from './vocabulary.ts'

const instantMs = z.int().min(0)

/** One client version rule as stored. Instants are milliseconds since 1970. */
export const clientRuleSetting = z.strictObject({
  id: z.string().min(1).max(64),
  family: z.string().refine((family) => familySlug(family) === family, 'is not a client family'),
  below: z.string().refine((below) => parseVersion(below) !== 'unparseable', 'is not a version that can be compared'),
  action: z.enum(RULE_ACTIONS),
  url: z.string().max(2048).optional(),
  isNow: z.boolean(),
  createdAt: instantMs,
})

/** One suspension that has not ended. It acts until somebody, or the clock's keeper, records its end. */
export const suspensionSetting = z.strictObject({
  id: z.string().min(1).max(64),
  scope: z.enum(SUSPENSION_SCOPES),
  mode: z.enum(SUSPENSION_MODES),
  reason: z.string(),
  since: instantMs,
  until: instantMs.optional(),
})

/** Everything that decides. Unknown keys, unknown rule names and values that cannot be compared are refused. */
export const policySettings = z.strictObject({
  posture: z.enum(CLIENT_POSTURES).default('discover'),
  clientRules: z.array(clientRuleSetting).readonly().default([]),
  suspensions: z.array(suspensionSetting).readonly().default([]),
  /** `off`: no stanza goes to or comes from another domain. */
  federation: z.enum(['off', 'on']).default('off'),
  /** What may pass as media. Features ask it, not rules: its answers are settings, not verdicts. */
  media: mediaSettings.default({ service: mediaPolicy.parse({}), units: {} }),
  /** A rule that is not named here is enforced. */
  modes: z.partialRecord(z.enum(RULE_NAMES), z.enum(['enforce', 'observe', 'off'])).default({}),
})

export type ClientRuleSetting = z.output<typeof clientRuleSetting>
export type SuspensionSetting = z.output<typeof suspensionSetting>
export type PolicySettings = z.output<typeof policySettings>
export type PolicySettingsInput = z.input<typeof policySettings>
