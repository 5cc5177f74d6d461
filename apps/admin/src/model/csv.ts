/**
 * Rows as CSV (RFC 4180) under the names of their columns. A text that a spreadsheet would take for a formula gets an
 * apostrophe in front, as in the API's own tables.
 */
export function csvOf(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [columns, ...rows].map((row) => `${row.map((cell) => fieldOf(String(cell))).join(',')}\r\n`).join('')
}

function fieldOf(text: string): string {
  const safe = /^[=+\-@\t\r]/u.test(text) && !/^-?\d+(?:\.\d+)?$/u.test(text) ? `'${text}` : text
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
