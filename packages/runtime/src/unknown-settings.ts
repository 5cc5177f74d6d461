import type * as z from 'zod'
import { type Environment, listFields } from './config.ts'

/** Names that are read without being fields of a schema, by tests and builds too. */
const OTHERS = ['DRAWBRIDGE_CONFIG', 'DRAWBRIDGE_DEV_SERVER', 'DRAWBRIDGE_WEB_VERSION', 'DRAWBRIDGE_UPDATE_SCREENSHOTS']

/** Most letters to change in a name for it to be taken for a typing error. */
const MAX_DISTANCE = 3

/**
 * One sentence for each variable whose name begins like a setting and is none, with the setting that was probably meant.
 *
 * @param prefix - only names that begin so: the section of the process that asks.
 * @param except - names that begin so are another process's to judge.
 */
export function unknownSettings(
  env: Environment,
  schema: z.core.$ZodType,
  { prefix = 'DRAWBRIDGE_', except }: { prefix?: string; except?: string } = {},
): string[] {
  const fields = listFields(schema).flatMap(({ meta }) => (meta.secret ? [meta.env, `${meta.env}_FILE`] : [meta.env]))
  const known = new Set([...fields, ...OTHERS])
  const isElsewhere = (name: string) => except !== undefined && name.startsWith(except)
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !name.startsWith('DRAWBRIDGE_TEST_') && !isElsewhere(name))
    .filter((name) => env[name] !== '' && !known.has(name))
    .toSorted()
    .map((name) => {
      const meant = nearest(name, known)
      const ending = meant === undefined ? 'docs/operate/config.md lists them' : `did you mean ${meant}?`
      return `${name} is not a setting and has no effect; ${ending}${meant === undefined ? '.' : ''}`
    })
}

function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = MAX_DISTANCE + 1
  for (const candidate of known) {
    const distance = distanceBetween(name, candidate)
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** Levenshtein: letters to insert, delete or replace. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
