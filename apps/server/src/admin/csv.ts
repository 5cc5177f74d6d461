/** Whether an answer is wanted as a table. */
export function wantsCsv(accept: string | undefined): boolean {
  return accept?.split(',').some((type) => type.split(';', 1)[0]?.trim().toLowerCase() === 'text/csv') === true
}

/**
 * The list of an answer as CSV (RFC 4180): the first array in it, one line per item, values inside values as JSON.
 * Undefined when there is no list. A text that a spreadsheet would take for a formula gets an apostrophe in front.
 */
export function csvOf(answer: unknown): string | undefined {
  const list = Object.values((answer ?? {}) as Record<string, unknown>).find((value) => Array.isArray(value))
  if (!list) return undefined
  const rows = list as readonly unknown[]
  const records = rows.map((row) =>
    typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : { value: row },
  )
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))]
  const lines = [names, ...records.map((record) => names.map((name) => textOf(record[name])))]
  return lines.map((line) => `${line.map(field).join(',')}\r\n`).join('')
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function field(text: string): string {
  const safe = /^[=+\-@\t\r]/u.test(text) && !/^-?\d+(?:\.\d+)?$/u.test(text) ? `'${text}` : text
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
