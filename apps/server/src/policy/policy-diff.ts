import type {
  AdvisorySettings,
  PlaybookDocument,
  PolicyDocument,
  PolicySections,
  RuleDocument,
} from '@drawbridge/contract'
import type { ClientPosture, MediaPolicy, MinimumTier, UnitMediaPolicy } from '@drawbridge/policy'

/** What a service has. */
export interface PresentPolicy extends Omit<PolicySections, 'clientRules'> {
  /** In the order in which they are asked. */
  readonly clientRules: readonly { readonly id: string; readonly rule: RuleDocument }[]
}

interface StepOf<Section extends keyof PolicySections, T> {
  readonly section: Section
  readonly change: 'add' | 'remove' | 'change'
  /** Of the unit or the playbook, id of a rule that goes; else empty. */
  readonly name: string
  readonly before?: T | undefined
  readonly after?: T | undefined
}

/** One step from what a service has to what a document says. */
export type PolicyStep =
  | StepOf<'clientPosture', ClientPosture>
  | StepOf<'clientRules', RuleDocument>
  | StepOf<'minimumTiers', MinimumTier>
  | StepOf<'mediaPolicy', MediaPolicy>
  | StepOf<'unitMediaPolicies', UnitMediaPolicy>
  | StepOf<'playbooks', PlaybookDocument>
  | StepOf<'advisories', AdvisorySettings>

/** All steps. A section that the document does not have is left alone; one that it has is the whole truth. */
export function diffPolicy(wanted: PolicyDocument, present: PresentPolicy): PolicyStep[] {
  return [
    ...valueStep('clientPosture', present.clientPosture, wanted.clientPosture),
    ...ruleSteps(present.clientRules, wanted.clientRules),
    ...namedSteps('minimumTiers', present.minimumTiers, wanted.minimumTiers),
    ...valueStep('mediaPolicy', present.mediaPolicy, wanted.mediaPolicy),
    ...namedSteps('unitMediaPolicies', present.unitMediaPolicies, wanted.unitMediaPolicies),
    ...namedSteps('playbooks', present.playbooks, wanted.playbooks),
    ...valueStep('advisories', present.advisories, wanted.advisories),
  ]
}

function valueStep<Section extends PolicyStep['section'], T>(
  section: Section,
  before: T,
  after: T | undefined,
): StepOf<Section, T>[] {
  return after === undefined || isAlike(before, after) ? [] : [{ section, change: 'change', name: '', before, after }]
}

function namedSteps<Section extends PolicyStep['section'], T>(
  section: Section,
  present: Readonly<Record<string, T>>,
  wanted: Readonly<Record<string, T>> | undefined,
): StepOf<Section, T>[] {
  if (wanted === undefined) return []
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(present)])]
  return names.flatMap((name): StepOf<Section, T>[] => {
    const before = Object.hasOwn(present, name) ? present[name] : undefined
    const after = Object.hasOwn(wanted, name) ? wanted[name] : undefined
    if (isAlike(before ?? {}, after ?? {})) return []
    const change = before === undefined ? 'add' : after === undefined ? 'remove' : 'change'
    return [{ section, change, name, before, after }]
  })
}

/** The last rule of the document comes first: of those with one priority the newest is asked first. */
function ruleSteps(present: PresentPolicy['clientRules'], wanted: PolicyDocument['clientRules']): PolicyStep[] {
  if (wanted === undefined) return []
  const left = [...present]
  const added = wanted.filter((candidate) => {
    const index = left.findIndex(({ rule }) => isSameRule(candidate, rule))
    if (index !== -1) left.splice(index, 1)
    return index === -1
  })
  return [
    ...added.toReversed().map((after) => ({ section: 'clientRules', change: 'add', name: '', after }) as const),
    ...left.map(({ id, rule }) => ({ section: 'clientRules', change: 'remove', name: id, before: rule }) as const),
  ]
}

/** A deadline that the document does not give is the server's to choose, and so are defaults. */
function isSameRule(written: RuleDocument, stored: RuleDocument): boolean {
  const { deadline, ...rest } = stored
  return isAlike(normal(written.deadline === undefined ? rest : { ...rest, deadline }), normal(written))
}

function normal({ priority = 100, preset = 'routine', ...fields }: Partial<RuleDocument>): object {
  const instants = (['deadline', 'activeFrom', 'activeUntil'] as const).flatMap((key) => {
    const written = fields[key]
    return written === undefined ? [] : [[key, Date.parse(written)] as const]
  })
  return { ...fields, priority, preset, ...Object.fromEntries(instants) }
}

function isAlike(one: unknown, other: unknown): boolean {
  return JSON.stringify(canonical(one)) === JSON.stringify(canonical(other))
}

/** The same text for the same thing: keys in order, lists of words in order, nothing for what is undefined. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = value.map(canonical)
    return items.every((item) => typeof item === 'string') ? items.toSorted() : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, child]) => child !== undefined)
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, child]) => [key, canonical(child)]),
  )
}
