import {
  type PolicyDocument,
  type PolicyStepView,
  policyDocument,
  type RuleDocument,
  sentencesOf,
} from '@drawbridge/contract'
import { parseDocument, stringify } from 'yaml'
import { UsageError } from '../command.ts'

/** A file is read by people: larger ones are no policy. */
const MAX_CHARACTERS = 1_048_576

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

/** The file that `parsePolicy` reads. */
export function formatPolicy(document: PolicyDocument): string {
  return stringify(document).trimEnd()
}

const MARKS = { add: '+', remove: '-', change: '~' } as const

/** What each section is called where there is one of it, or one of many. */
const NAMES = {
  clientPosture: 'posture for unknown clients',
  clientRules: 'client rule',
  minimumTiers: 'protected unit',
  mediaPolicy: 'media policy',
  unitMediaPolicies: 'media policy of unit',
  playbooks: 'playbook',
  advisories: 'advisory settings',
} as const satisfies Record<PolicyStepView['section'], string>

/** A step as a line: `+` comes, `-` goes, `~` is changed. */
export function stepLine({ section, change, name, before, after }: PolicyStepView): string {
  const subject = [MARKS[change], NAMES[section], name].filter(Boolean).join(' ')
  return `${subject}: ${section === 'clientRules' ? ruleLine((after ?? before) as RuleDocument) : changeLine(before, after)}`
}

/** Names of the fields that are not as before; a word as it was and as it is. */
function changeLine(before: unknown, after: unknown): string {
  const words = [before, after].filter((value) => typeof value === 'string')
  if (words.length > 0) return words.join(' → ')
  const fields = new Map(Object.entries(before ?? {}))
  const wanted = new Map(Object.entries(after ?? {}))
  const text = (value: unknown) => JSON.stringify(value)
  return [...new Set([...fields.keys(), ...wanted.keys()])]
    .filter((key) => text(fields.get(key)) !== text(wanted.get(key)))
    .join(', ')
}

function ruleLine(rule: RuleDocument): string {
  const { family, from, below, action, preset = 'routine', priority = 100, units, os } = rule
  const versions = [from !== undefined && `from ${from}`, below !== undefined && `below ${below}`]
  const whom = [units && `of ${units.join(', ')}`, os && `on ${os.join(', ')}`]
  return [family, ...versions, ...whom, action, `(${preset}, priority ${priority})`].filter(Boolean).join(' ')
}
