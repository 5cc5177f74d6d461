// Arrays as PostgreSQL reads them. A batch of the archive writer is some thirty arrays, and pg's own way, which quotes and
// escapes every element, costs more than everything else about it.

type Plain = string | number | bigint | null

/** An array of values that mean nothing to the syntax of arrays: numbers, UUIDs, instants, words of our own. */
export function plainArray(values: readonly Plain[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) literal += i === 0 ? String(values[i]) : `,${values[i]}`
  return `${literal}}`
}

/** An array of texts of whatever content. */
export function textArray(values: readonly (string | null)[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (i > 0) literal += ','
    if (value === null) literal += 'NULL'
    else literal += `"${SPECIAL.test(value) ? value.replaceAll(SPECIALS, '\\$&') : value}"`
  }
  return `${literal}}`
}

/** An array of `bytea`, given in hexadecimal digits. */
export function bytesArray(values: readonly string[]): string {
  return plainArray(values.map((hex) => `\\\\x${hex}`))
}

const SPECIAL = /["\\]/
const SPECIALS = /["\\]/g
