/** One field of what an entry has on record. */
export interface AuditChange {
  readonly field: string
  /** As it was; absent where the entry says only what it became. */
  readonly before?: string
  readonly after: string
}

/**
 * What an entry says of the state before and after: some have both whole, as `before` and `after`, some field by field as
 * `{from, to}`; the others say what was done. Of whole states only what differs is shown.
 */
export function changesOf(details: Readonly<Record<string, unknown>>): AuditChange[] {
  const { before, after, ...others } = details
  if (!isRecord(before) && !isRecord(after))
    return Object.entries(details).map(([field, value]) => single(field, value))
  const [was, is] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}]
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  const changed = fields.filter((field) => JSON.stringify(was[field]) !== JSON.stringify(is[field]))
  return [
    ...changed.map((field) => ({ field, before: shown(was[field]), after: shown(is[field]) })),
    ...Object.entries(others).map(([field, value]) => single(field, value)),
  ]
}

function single(field: string, value: unknown): AuditChange {
  if (isRecord(value) && Object.keys(value).length === 2 && 'from' in value && 'to' in value) {
    return { field, before: shown(value['from']), after: shown(value['to']) }
  }
  return { field, after: shown(value) }
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
