import type { z } from 'zod'

/** Where an issue is. */
export interface Place {
  /** What people call the value: `DRAWBRIDGE_BIND`, `The password`, `below`. */
  readonly name: string
  /** What was given; undefined when nothing was. */
  readonly value: unknown
  /** What to say of the value given, such as `is 60000`. Absent: nothing, as with passwords. */
  readonly shown?: string
}

/** Longest piece of what somebody sent that is said back, in characters. */
const MAX_QUOTED = 64

/**
 * One issue of a schema as a sentence for people: `below is missing.`, `The password has at least 8 characters.`. A
 * message of the schema's own is kept; the library's are not fit to be read.
 */
export function sentenceOf(issue: z.core.$ZodIssue, { name, value, shown }: Place): string {
  const own = ownMessage(issue)
  if (value === undefined && issue.code !== 'unrecognized_keys') {
    return own === undefined ? `${name} is missing.` : ended(`${name} is missing: ${own}`)
  }
  const phrase = own ?? phraseOf(issue)
  const isVerb = /^(?:is|has|contains|cannot) /.test(phrase)
  if (shown === undefined) return ended(isVerb ? `${name} ${phrase}` : `${name}: ${phrase}`)
  return ended(isVerb ? `${name} ${shown}; it ${phrase}` : `${name} ${shown}: ${phrase}`)
}

/**
 * The first or every issue of a request. Names and passwords are called so; other fields have the name they are sent
 * under, and the rows of a list count from 1.
 */
export function sentencesOf(issues: readonly z.core.$ZodIssue[], request: unknown): string[] {
  return issues.map((issue) => {
    const value = issue.path.reduce<unknown>(
      (at, step) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined),
      request,
    )
    return sentenceOf(issue, { name: nameOf(issue.path), value: issue.path.length === 0 ? (value ?? null) : value })
  })
}

function nameOf(path: readonly PropertyKey[]): string {
  const row = path.find((step) => typeof step === 'number')
  const field = path.findLast((step) => typeof step === 'string' && step !== '')
  const where = row === undefined ? '' : ` of row ${row + 1}`
  if (field === undefined) return 'The request'
  if (typeof path.at(-1) === 'number') return `Row ${Number(row) + 1}`
  return field === 'name' || field === 'password' ? `The ${field}${where}` : `${String(field)}${where}`
}

/** The library's own sentences all begin with one of these. */
function ownMessage({ message }: z.core.$ZodIssue): string | undefined {
  return /^(?:Invalid |Too small|Too big|Unrecognized key)/.test(message) ? undefined : message
}

function phraseOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return bounded(issue.origin, Number(issue.minimum), issue.inclusive === false ? 'more than' : 'at least')
    case 'too_big':
      return bounded(issue.origin, Number(issue.maximum), issue.inclusive === false ? 'less than' : 'at most')
    case 'invalid_value': {
      const values = issue.values.map(String)
      return values.length === 1 ? `is ${values[0]}` : `is one of ${values.join(', ')}`
    }
    case 'invalid_type':
      return `is ${TYPES[issue.expected] ?? 'of another type'}`
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'is not written as it must be'
    case 'unrecognized_keys':
      return `has no field ${JSON.stringify((issue.keys[0] ?? '').slice(0, MAX_QUOTED))}`
    default:
      return 'cannot be used'
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'is a time with a zone, such as 2026-11-23T18:00:00Z',
  url: 'is an address such as https://example.org/',
}

function bounded(origin: string, bound: number, how: string): string {
  if (origin === 'string') {
    return how === 'at least' && bound === 1 ? 'cannot be empty' : `has ${how} ${counted(bound, 'character')}`
  }
  if (origin === 'array') return `has ${how} ${bound === 1 ? '1 entry' : `${bound} entries`}`
  return `is ${how} ${bound}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function ended(sentence: string): string {
  return /[.!]$/.test(sentence) ? sentence : `${sentence}.`
}
