import { ADMIN_ROUTES, type ClientRuleView, type ResponseOf, sentencesOf } from '@drawbridge/contract'
import { parseDocument, stringify } from 'yaml'
import * as z from 'zod'
import { UsageError } from '../command.ts'

/** A file is read by people: larger ones are no policy. */
const MAX_CHARACTERS = 1_048_576
const MAX_RULES = 1_000

const rule = ADMIN_ROUTES.addClientRule.body.omit({ simulation: true, isShadowAccepted: true })

/**
 * The policy of a service as a file that is kept in Git. A section that is not there is left alone; one that is there is
 * the whole truth: what the file does not say is taken away. Suspensions and recalls are incidents and not in it.
 */
export const policyDocument = z.strictObject({
  version: z.literal(1),
  mediaPolicy: ADMIN_ROUTES.setMediaPolicy.body.optional(),
  unitMediaPolicies: z
    .record(ADMIN_ROUTES.setUnitMediaPolicy.params.shape.name, ADMIN_ROUTES.setUnitMediaPolicy.body)
    .optional(),
  clientRules: z.array(rule).max(MAX_RULES).optional(),
})

export type PolicyDocument = z.output<typeof policyDocument>
export type RuleDocument = z.output<typeof rule>
type MediaAnswer = ResponseOf<'getMediaPolicy'>
type UnitPolicy = MediaAnswer['units'][string]

/** What the server has, as it answers it. */
export interface ServerPolicy {
  readonly media: MediaAnswer
  readonly rules: readonly ClientRuleView[]
}

/** One step from what the server has to what the file says. */
export type PolicyStep =
  | { readonly kind: 'media'; readonly policy: MediaAnswer['policy']; readonly changed: readonly string[] }
  | {
      readonly kind: 'unit-media'
      readonly unit: string
      readonly policy: UnitPolicy
      readonly changed: readonly string[]
    }
  | { readonly kind: 'add-rule'; readonly rule: RuleDocument }
  | { readonly kind: 'remove-rule'; readonly id: string; readonly rule: RuleDocument }

/** Reads a file. @throws UsageError that says where it is wrong. */
export function parsePolicy(text: string): PolicyDocument {
  if (text.length > MAX_CHARACTERS) throw new UsageError('The file is too large.')
  // Aliases could make a small file a huge one.
  const document = parseDocument(text, { uniqueKeys: true, strict: true })
  const [fault] = document.errors
  if (fault) throw new UsageError(`The file is not YAML: ${fault.message.split('\n')[0] ?? ''}`)
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 0 })
  } catch {
    throw new UsageError('The file has an alias; write it out.')
  }
  const result = policyDocument.safeParse(value)
  if (!result.success) throw new UsageError(sentencesOf(result.error.issues, value).join(' '))
  return result.data
}

/** What the server has, as a file; applying it changes nothing. */
export function exportPolicy({ media, rules }: ServerPolicy): string {
  const document: PolicyDocument = {
    version: 1,
    mediaPolicy: media.policy,
    unitMediaPolicies: media.units,
    clientRules: rules.map(ruleFromView),
  }
  return stringify(document)
}

/** The steps from the one to the other: rules are added before others are removed, so that there is no gap. */
export function diffPolicy(file: PolicyDocument, server: ServerPolicy): PolicyStep[] {
  return [...mediaSteps(file, server.media), ...ruleSteps(file.clientRules, server.rules)]
}

/** A step as a line: `+` comes, `-` goes, `~` is changed. */
export function stepLine(step: PolicyStep): string {
  switch (step.kind) {
    case 'media':
      return `~ media policy: ${step.changed.join(', ')}`
    case 'unit-media':
      return `~ media policy of unit ${step.unit}: ${step.changed.join(', ')}`
    case 'add-rule':
      return `+ client rule: ${ruleLine(step.rule)}`
    case 'remove-rule':
      return `- client rule ${step.id}: ${ruleLine(step.rule)}`
  }
}

function mediaSteps({ mediaPolicy, unitMediaPolicies }: PolicyDocument, { policy, units }: MediaAnswer): PolicyStep[] {
  const steps: PolicyStep[] = []
  const changed = mediaPolicy === undefined ? [] : changedFields(policy, mediaPolicy)
  if (mediaPolicy !== undefined && changed.length > 0) steps.push({ kind: 'media', policy: mediaPolicy, changed })
  if (unitMediaPolicies === undefined) return steps
  for (const unit of new Set([...Object.keys(unitMediaPolicies), ...Object.keys(units)])) {
    const wanted = unitMediaPolicies[unit] ?? {}
    const fields = changedFields(units[unit] ?? {}, wanted)
    if (fields.length > 0) steps.push({ kind: 'unit-media', unit, policy: wanted, changed: fields })
  }
  return steps
}

function ruleSteps(wanted: readonly RuleDocument[] | undefined, present: readonly ClientRuleView[]): PolicyStep[] {
  if (wanted === undefined) return []
  const left = present.map((view) => ({ id: view.id, rule: ruleFromView(view) }))
  const added = wanted.filter((candidate) => {
    const index = left.findIndex(({ rule: other }) => isSameRule(candidate, other))
    if (index !== -1) left.splice(index, 1)
    return index === -1
  })
  return [
    ...added.map((candidate) => ({ kind: 'add-rule', rule: candidate }) as const),
    ...left.map((gone) => ({ kind: 'remove-rule', ...gone }) as const),
  ]
}

/** What of a rule somebody has written; the rest is how it stands. */
function ruleFromView(view: ClientRuleView): RuleDocument {
  const fields = Object.keys(rule.shape).flatMap((key) => {
    const value = view[key as keyof ClientRuleView]
    return value === undefined ? [] : [[key, value] as const]
  })
  return rule.parse(Object.fromEntries(fields))
}

/** A deadline that the file does not give is the server's to choose, and so are defaults. */
function isSameRule(file: RuleDocument, server: RuleDocument): boolean {
  const { deadline, ...rest } = server
  const there = file.deadline === undefined ? rest : { ...rest, deadline }
  return changedFields(normal(there), normal(file)).length === 0
}

function normal({ priority = 100, preset = 'routine', ...fields }: Partial<RuleDocument>): object {
  const instants = (['deadline', 'activeFrom', 'activeUntil'] as const).flatMap((key) => {
    const written = fields[key]
    return written === undefined ? [] : [[key, Date.parse(written)] as const]
  })
  return { ...fields, priority, preset, ...Object.fromEntries(instants) }
}

/** Fields that are not alike; lists are alike whatever their order. */
function changedFields(before: object, after: object): string[] {
  const text = (value: unknown) =>
    JSON.stringify(Array.isArray(value) ? value.map(String).toSorted((a, b) => (a < b ? -1 : 1)) : value)
  const fields = new Map(Object.entries(before))
  const wanted = new Map(Object.entries(after))
  return [...new Set([...fields.keys(), ...wanted.keys()])].filter(
    (key) => text(fields.get(key)) !== text(wanted.get(key)),
  )
}

function ruleLine({
  family,
  from,
  below,
  action,
  preset = 'routine',
  priority = 100,
  units,
  os,
}: RuleDocument): string {
  const versions = [from !== undefined && `from ${from}`, below !== undefined && `below ${below}`]
  const whom = [units && `of ${units.join(', ')}`, os && `on ${os.join(', ')}`]
  return [family, ...versions, ...whom, action, `(${preset}, priority ${priority})`].filter(Boolean).join(' ')
}
