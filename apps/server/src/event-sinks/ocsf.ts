import type { AuditRow } from '@drawbridge/db'
import { open } from 'node:fs/promises'
import { isIP } from 'node:net'
import { plainJson } from './readable.ts'
import type { EventSink } from './sink.ts'

const VERSION = '1.3.0'
const OTHER = 99
const CLASSES = {
  account: { class_uid: 3001, class_name: 'Account Change', category_uid: 3 },
  authentication: { class_uid: 3002, class_name: 'Authentication', category_uid: 3 },
  entity: { class_uid: 3004, class_name: 'Entity Management', category_uid: 3 },
  api: { class_uid: 6003, class_name: 'API Activity', category_uid: 6 },
} as const
type ClassName = keyof typeof CLASSES

interface Mapping {
  readonly class: ClassName
  readonly activity: number
  /** OCSF `severity_id`: 1 is informational, 3 medium, 4 high. */
  readonly severity?: 1 | 3 | 4
  readonly hasFailed?: boolean
}

/** What is about accounts and signing in, and what stands out. Everything else follows its verb. */
const ACTIONS: Readonly<Record<string, Mapping>> = {
  'create-account': { class: 'account', activity: 1 },
  'register-account': { class: 'account', activity: 1 },
  'enable-account': { class: 'account', activity: 2 },
  'set-password': { class: 'account', activity: 3 },
  'disable-account': { class: 'account', activity: 5 },
  'delete-account': { class: 'account', activity: 6 },
  'set-roles': { class: 'account', activity: 7, severity: 3 },
  'grant-break-glass': { class: 'account', activity: 7, severity: 4 },
  'revoke-break-glass': { class: 'account', activity: 8 },
  'reset-second-factor': { class: 'account', activity: 11, severity: 3 },
  'remove-second-factor': { class: 'account', activity: 11, severity: 3 },
  'sign-in': { class: 'authentication', activity: 1 },
  'sign-out': { class: 'authentication', activity: 2 },
  'refuse-admin-sign-in': { class: 'authentication', activity: 1, severity: 3, hasFailed: true },
  'slow-down-sign-in': { class: 'authentication', activity: 1, severity: 3, hasFailed: true },
  'use-break-glass': { class: 'api', activity: OTHER, severity: 4 },
  'start-suspension': { class: 'entity', activity: 1, severity: 4 },
}

/** The first word of an action, as an activity of Entity Management. */
const VERBS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(['add', 'create', 'start', 'register', 'import', 'request'].map((verb) => [verb, 1])),
  ...Object.fromEntries(['read', 'export'].map((verb) => [verb, 2])),
  ...Object.fromEntries(['set', 'put', 'change', 'apply', 'confirm', 'review', 'approve'].map((verb) => [verb, 3])),
  ...Object.fromEntries(['delete', 'remove', 'revoke', 'end', 'discard', 'stop'].map((verb) => [verb, 4])),
}

export interface OcsfOptions {
  readonly file: string
  readonly domain: string
}

/** Appends JSON lines to a file, and counts them as received when they are on the disk. */
export function ocsfSink({ file, domain }: OcsfOptions): EventSink {
  return {
    name: 'ocsf',
    async deliver(rows) {
      await using handle = await open(file, 'a+', 0o640)
      // A crash may have left half a line: it ends here, and comes again as a whole.
      const { size } = await handle.stat()
      const last = Buffer.alloc(1)
      if (size > 0) await handle.read(last, 0, 1, size - 1)
      const start = size > 0 && last.toString() !== '\n' ? '\n' : ''
      await handle.appendFile(start + rows.map((row) => `${plainJson(ocsfEvent(row, domain))}\n`).join(''))
      await handle.datasync()
    },
  }
}

/** One row as an event of OCSF 1.3. */
export function ocsfEvent(row: AuditRow, domain: string): Readonly<Record<string, unknown>> {
  const { seq, at, actor, action, target, detail, hash } = row
  const mapping = mappingOf(action)
  const { class: name, activity, severity = 1, hasFailed = false } = mapping
  const kind = CLASSES[name]
  return {
    ...kind,
    activity_id: activity,
    ...(activity === OTHER ? { activity_name: action } : {}),
    type_uid: kind.class_uid * 100 + activity,
    time: at.getTime(),
    severity_id: severity,
    status_id: hasFailed ? 2 : 1,
    message: `${actor} ${action} ${target}`.trimEnd(),
    actor: { user: { name: actor } },
    ...subjectOf(name, row),
    metadata: {
      version: VERSION,
      product: { name: 'Drawbridge', vendor_name: 'Drawbridge' },
      log_name: 'audit',
      log_provider: domain,
      event_code: action,
      sequence: seq,
      uid: hash.toString('hex'),
    },
    unmapped: detail,
  }
}

function mappingOf(action: string): Mapping {
  if (Object.hasOwn(ACTIONS, action)) return ACTIONS[action]!
  const verb = action.split('-', 1)[0]!
  return Object.hasOwn(VERBS, verb) ? { class: 'entity', activity: VERBS[verb]! } : { class: 'api', activity: OTHER }
}

/** What a class requires beside what all have. */
function subjectOf(name: ClassName, { actor, action, target, detail }: AuditRow): Readonly<Record<string, unknown>> {
  const address = detail['address'] ?? detail['remoteAddress']
  const endpoint = typeof address === 'string' && isIP(address) ? { src_endpoint: { ip: address } } : {}
  const user = { user: { name: target || actor } }
  const noun = action.slice(action.indexOf('-') + 1)
  return {
    account: { ...user, ...endpoint },
    authentication: { ...user, service: { name: 'drawbridge' }, ...endpoint },
    entity: { entity: { type: noun, name: target || noun } },
    api: {
      api: { operation: action },
      resources: [{ name: target }],
      src_endpoint: { name: 'drawbridge' },
      ...endpoint,
    },
  }[name]
}
