import { z } from 'zod'
import type { Feed, FeedKind, FeedPart } from './advisory.ts'
import { readCsaf } from './csaf.ts'
import { readCve } from './cve.ts'
import { readGhsa } from './ghsa.ts'
import { readKev } from './kev.ts'
import { readOpenVex } from './openvex.ts'
import { readOsv } from './osv.ts'

/** Most records of one file. The whole KEV catalog has some 1,500, an ecosystem of OSV tens of thousands. */
const MAX_RECORDS = 200_000
const MAX_UNREAD = 100

/** How each format is told from the others, and read. The first that recognizes a record reads it. */
const FORMATS: readonly {
  readonly kind: FeedKind
  is(record: Record<string, unknown>): boolean
  read(record: unknown): FeedPart
}[] = [
  {
    kind: 'kev',
    is: ({ catalogVersion, vulnerabilities }) => isText(catalogVersion) && Array.isArray(vulnerabilities),
    read: readKev,
  },
  { kind: 'csaf', is: ({ document }) => isRecord(document) && isText(document['csaf_version']), read: readCsaf },
  { kind: 'cve', is: ({ dataType }) => dataType === 'CVE_RECORD', read: readCve },
  {
    kind: 'openvex',
    is: (record) => isText(record['@context']) && record['@context'].includes('openvex'),
    read: readOpenVex,
  },
  { kind: 'ghsa', is: ({ ghsa_id }) => isText(ghsa_id), read: readGhsa },
  { kind: 'osv', is: ({ id, modified }) => isText(id) && isText(modified), read: readOsv },
]

/** A file that is none of the formats, or not even JSON. */
export class UnknownFeedError extends Error {}

/**
 * Reads one file: a single record, a list of them, or one per line (OSV dumps). The format is found out from the content,
 * never from the name. A record that cannot be read is named in `unread`.
 *
 * @throws UnknownFeedError when not one record is of a known format.
 */
export function readFeed(text: string): Feed {
  const steps = readFeedInSteps(text)
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

/** The same record by record, for whoever has something else to do between them. */
export function* readFeedInSteps(text: string): Generator<void, Feed> {
  let first: FeedKind | undefined
  const parts: FeedPart[] = []
  for (const record of recordsOf(text)) {
    yield
    if (parts.length >= MAX_RECORDS) throw new UnknownFeedError(`It has more than ${MAX_RECORDS} records.`)
    const format = formatOf(record)
    first ??= format?.kind
    parts.push(partOf(record, format, `record ${parts.length + 1}`))
  }
  if (first === undefined) throw new UnknownFeedError('It is none of KEV, OSV, GHSA, CVE 5.1, CSAF 2.0 and OpenVEX.')
  return {
    kind: first,
    advisories: parts.flatMap(({ advisories = [] }) => advisories),
    exploited: parts.flatMap(({ exploited = [] }) => exploited),
    notAffected: parts.flatMap(({ notAffected = [] }) => notAffected),
    withdrawn: parts.flatMap(({ withdrawn = [] }) => withdrawn),
    unread: parts.flatMap(({ unread = [] }) => unread).slice(0, MAX_UNREAD),
  }
}

function partOf(record: unknown, format: (typeof FORMATS)[number] | undefined, at: string): FeedPart {
  if (!format) return { unread: [{ at, why: 'is of no known format' }] }
  try {
    return format.read(record)
  } catch (error) {
    return { unread: [{ at, why: whyOf(error) }] }
  }
}

function* recordsOf(written: string): Generator<unknown> {
  // Some editors and shells begin a file with a mark of its byte order (U+FEFF).
  const text = written.startsWith('\u{FEFF}') ? written.slice(1) : written
  const whole = parse(text)
  if (Array.isArray(whole)) yield* whole
  else if (whole !== undefined) yield whole
  else for (const line of text.split('\n')) if (line.trim() !== '') yield parse(line)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function formatOf(record: unknown) {
  return isRecord(record) ? FORMATS.find(({ is }) => is(record)) : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function whyOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return String(error)
  const [issue] = error.issues
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'does not have the shape of its format'
}
