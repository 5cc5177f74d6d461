import * as z from 'zod'

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTE_UNITS = {
  b: 1,
  kib: 1_024,
  mib: 1_024 ** 2,
  gib: 1_024 ** 3,
  kb: 1_000,
  mb: 1_000 ** 2,
  gb: 1_000 ** 3,
} as const

/** A length of time in milliseconds. People write `500ms`, `30s`, `15m`, `2h`, `7d`; a bare number is milliseconds. */
export const duration = z
  .union([z.number(), z.string()], { error: 'expected a length of time such as 500ms, 30s, 15m, 2h or 7d' })
  .transform((value, context) =>
    scaled(value, DURATION_UNITS, 'ms', 'a length of time such as 30s, 15m or 2h', context),
  )

/** A size in bytes. People write `512kib`, `10MB`, `2GiB`; a bare number is bytes. */
export const bytes = z
  .union([z.number(), z.string()], { error: 'expected a size such as 512KiB, 10MB or 2GiB' })
  .transform((value, context) => scaled(value, BYTE_UNITS, 'b', 'a size such as 512KiB, 10MB or 2GiB', context))

/**
 * A default as people write it: `10m`, `25MiB`, in the largest unit that leaves a whole number; anything but a duration
 * or a size as it stands. What it gives is read back as the same value.
 */
export function written(schema: z.core.$ZodType, value: unknown): string {
  if (typeof value !== 'number' || value === 0) return String(value)
  if (isMadeOf(schema, duration)) return inUnits(value, DURATION_NAMES, 'ms')
  if (isMadeOf(schema, bytes)) return inUnits(value, BYTE_NAMES, '')
  return String(value)
}

/** Largest first, as they are written. */
const DURATION_NAMES = [
  ['d', DURATION_UNITS.d],
  ['h', DURATION_UNITS.h],
  ['m', DURATION_UNITS.m],
  ['s', DURATION_UNITS.s],
] as const
const BYTE_NAMES = [
  ['GiB', BYTE_UNITS.gib],
  ['MiB', BYTE_UNITS.mib],
  ['KiB', BYTE_UNITS.kib],
  ['GB', BYTE_UNITS.gb],
  ['MB', BYTE_UNITS.mb],
  ['KB', BYTE_UNITS.kb],
] as const

function inUnits(value: number, units: readonly (readonly [string, number])[], bare: string): string {
  for (const [name, size] of units) if (value % size === 0) return `${value / size}${name}`
  return `${value}${bare}`
}

/** Whether a schema is `base`, also with a default, a check or a description on top. */
function isMadeOf(schema: z.core.$ZodType, base: z.ZodPipe): boolean {
  const def = schema._zod.def as { innerType?: z.core.$ZodType; out?: z.core.$ZodType }
  if (def.innerType !== undefined) return isMadeOf(def.innerType, base)
  // A check makes a copy of the schema, but keeps the transform inside.
  return def.out !== undefined && def.out === base._zod.def.out
}

/** A TCP port, 0 to 65535; 0 asks the system for a free one. */
export const port = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number),
    ],
    { error: 'expected a port from 0 to 65535' },
  )
  .refine((value) => Number.isInteger(value) && value >= 0 && value <= 65_535, 'expected a port from 0 to 65535')

/** Yes or no: `true`, `yes`, `on`, `1` and their opposites, in any case. */
export const boolean = z
  .union([z.boolean(), z.string()], { error: 'expected true or false' })
  .transform((value, context) => {
    if (typeof value === 'boolean') return value
    const word = value.toLowerCase()
    if (['true', 'yes', 'on', '1'].includes(word)) return true
    if (['false', 'no', 'off', '0'].includes(word)) return false
    context.addIssue({ code: 'custom', message: 'expected true or false' })
    return z.NEVER
  })

/** A list of words, separated by commas or spaces in the environment, a JSON array in the file. */
export const list = z
  .union([z.array(z.string()), z.string()], { error: 'expected a list, separated by commas' })
  .transform((value) => (typeof value === 'string' ? value.split(/[\s,]+/).filter((word) => word !== '') : value))

function scaled(
  value: number | string,
  units: Readonly<Record<string, number>>,
  bare: string,
  expected: string,
  context: z.RefinementCtx,
): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value).trim())
  const unit = units[(match?.[2] ?? '').toLowerCase() || bare]
  const result = match && unit !== undefined ? Number(match[1]) * unit : Number.NaN
  if (Number.isSafeInteger(Math.round(result))) return Math.round(result)
  context.addIssue({ code: 'custom', message: `expected ${expected}` })
  return z.NEVER
}
