import type * as z from 'zod'
import { type Environment, listFields } from './config.ts'
import { nearest } from './nearest.ts'

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
      const meant = nearest(name, known, MAX_DISTANCE)
      const ending = meant === undefined ? 'docs/operate/config.md lists them' : `did you mean ${meant}?`
      return `${name} is not a setting and has no effect; ${ending}${meant === undefined ? '.' : ''}`
    })
}
