import { readFileSync } from 'node:fs'
import { sentenceOf } from '@drawbridge/contract'
import * as z from 'zod'

/** What a configuration field says about itself in `.meta()`. */
export interface FieldMeta {
  /** Name of its environment variable; its key in the file is the same name without `DRAWBRIDGE_`, in lower case. */
  readonly env: string
  /** What gets better and what gets worse when it changes. */
  readonly doc: string
  /** Read from the environment or from the file that `<env>_FILE` names, never from the configuration file. */
  readonly secret?: boolean
}

/** One field of a configuration schema, wherever it is nested. */
export interface Field {
  readonly path: readonly string[]
  readonly meta: FieldMeta
  readonly schema: z.core.$ZodType
}

/** One or more settings cannot be used. `message` has one sentence per fault. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface ConfigSources {
  readonly env: Environment
  /** Path of the JSON file. Absent: the one that `DRAWBRIDGE_CONFIG` names, if it names one. */
  readonly file?: string
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

/**
 * Reads a configuration: environment over file over default. Every field carries `.meta({ env, doc, secret })`; objects
 * may nest. The file is one flat JSON object whose keys are the environment names without `DRAWBRIDGE_`, in lower case
 * (`{"http_port": 5280}`). An empty environment variable counts as absent.
 *
 * @returns the configuration, deeply frozen.
 * @throws ConfigError with every fault found, one sentence each.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, { env, file }: ConfigSources): DeepReadonly<z.output<S>> {
  const faults: string[] = []
  const fromFile = readConfigFile(file ?? (env['DRAWBRIDGE_CONFIG'] || undefined), faults)
  const fields = listFields(schema)
  const input: Record<string, unknown> = emptyShape(schema)
  for (const field of fields) {
    const value = readField(field, env, fromFile, faults)
    if (value !== undefined) assign(input, field.path, value)
  }
  const result = schema.safeParse(input)
  if (!result.success) {
    for (const issue of result.error.issues) faults.push(describe(issue, fields, input))
  }
  if (!result.success || faults.length > 0) throw new ConfigError([...new Set(faults)])
  return freeze(result.data) as DeepReadonly<z.output<S>>
}

/**
 * Every field of a schema that can be set, in order of declaration. A field with a default and without `env` is one that
 * the program sets itself; one with neither is a fault of ours, and throws.
 */
export function listFields(schema: z.core.$ZodType, path: readonly string[] = []): Field[] {
  const meta = metaOf(schema)
  if (meta?.env !== undefined && meta.doc !== undefined) return [{ path, meta: meta as FieldMeta, schema }]
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape as Record<string, z.core.$ZodType>).flatMap(([key, child]) =>
      listFields(child, [...path, key]),
    )
  }
  if (z.safeParse(schema, undefined).success) return []
  throw new Error(`configuration field ${path.join('.')} lacks .meta({ env, doc })`)
}

/** The key of a field in the configuration file. */
export function fileKey(env: string): string {
  return env.replace(/^DRAWBRIDGE_/, '').toLowerCase()
}

function metaOf(schema: z.core.$ZodType): Partial<FieldMeta> | undefined {
  const own = z.globalRegistry.get(schema) as Partial<FieldMeta> | undefined
  if (own?.env !== undefined) return own
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType }
  return innerType === undefined ? undefined : metaOf(innerType)
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType }
  return innerType === undefined ? schema : unwrap(innerType)
}

/** Sections are present even when no field of them is set, so that their defaults apply. */
function emptyShape(schema: z.core.$ZodType): Record<string, unknown> {
  const shape: Record<string, unknown> = {}
  const inner = unwrap(schema)
  if (!(inner instanceof z.ZodObject)) return shape
  for (const [key, child] of Object.entries(inner.shape as Record<string, z.core.$ZodType>)) {
    if (metaOf(child) === undefined && unwrap(child) instanceof z.ZodObject) shape[key] = emptyShape(child)
  }
  return shape
}

function readConfigFile(path: string | undefined, faults: string[]): Readonly<Record<string, unknown>> {
  if (path === undefined) return {}
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    faults.push(`The configuration file ${path} cannot be read (${reasonOf(error)}).`)
    return {}
  }
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>
    faults.push(`The configuration file ${path} must hold one JSON object.`)
  } catch (error) {
    faults.push(`The configuration file ${path} is not valid JSON (${reasonOf(error)}).`)
  }
  return {}
}

function readField(
  { meta }: Field,
  env: Environment,
  fromFile: Readonly<Record<string, unknown>>,
  faults: string[],
): unknown {
  const direct = env[meta.env] || undefined
  const key = fileKey(meta.env)
  if (!meta.secret) return direct ?? fromFile[key]
  if (fromFile[key] !== undefined) {
    faults.push(
      `${meta.env} is a secret: give it in the environment or in the file that ${meta.env}_FILE names, not in the configuration file.`,
    )
  }
  const secretFile = env[`${meta.env}_FILE`] || undefined
  if (secretFile === undefined) return direct
  if (direct !== undefined) faults.push(`${meta.env} and ${meta.env}_FILE are both set; set one.`)
  try {
    return readFileSync(secretFile, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    faults.push(`${meta.env}_FILE names ${secretFile}, which cannot be read (${reasonOf(error)}).`)
    return undefined
  }
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path
  if (head === undefined) return
  if (rest.length === 0) target[head] = value
  else assign((target[head] ??= {}) as Record<string, unknown>, rest, value)
}

function describe(issue: z.core.$ZodIssue, fields: readonly Field[], input: unknown): string {
  const field = fields.find(({ path }) => path.every((step, index) => issue.path[index] === step))
  if (field === undefined) return sentenceOf(issue, { name: 'The configuration', value: input })
  const value = field.path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], input)
  if (issue.code === 'custom' && issue.params?.['sentence'] === true) return issue.message
  // A secret never appears in a message: not even a wrong one, which is often a right one with a typing error.
  const shown = field.meta.secret ? 'cannot be used' : `is ${quoted(value)}`
  return sentenceOf(issue, { name: field.meta.env, value, shown })
}

/** Numbers stand as they are, whether from the environment or the file. */
function quoted(value: unknown): string {
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? value : JSON.stringify(value)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}
