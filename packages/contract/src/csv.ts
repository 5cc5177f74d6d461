import { z } from 'zod'
import { csvLine } from './csv-line.ts'

/** What the answers of a route are as a table. */
export interface Table {
  /** The field that is the list. */
  readonly key: string
  /** Where the value of each column is in a row. None: each row is a value. */
  readonly columns: readonly (readonly string[])[]
}

/**
 * The table that answers of this schema are: of their one list, with the same columns whatever is in it. Undefined for
 * answers that are no list, or several.
 */
export function tableOf(response: z.ZodType): Table | undefined {
  if (!(response instanceof z.ZodObject)) return undefined
  const lists = Object.entries(response.shape).flatMap(([key, field]) => {
    const list = bare(field)
    return list instanceof z.ZodArray ? [{ key, row: bare(list.element) }] : []
  })
  const [list] = lists
  return list && lists.length === 1 ? { key: list.key, columns: columnsOf(list.row) } : undefined
}

/** CSV, one line per row, under the names of the columns. */
export function csvOf({ key, columns }: Table, answer: object): string {
  const rows = ((answer as Record<string, unknown>)[key] ?? []) as readonly unknown[]
  if (columns.length === 0) return ['value', ...rows.map(textOf)].map((text) => csvLine([text])).join('')
  const names = columns.map((path) => path.join('.'))
  return [names, ...rows.map((row) => columns.map((path) => textOf(at(row, path))))].map(csvLine).join('')
}

/** Objects within a row are columns of their own. */
function columnsOf(row: unknown): readonly (readonly string[])[] {
  if (!(row instanceof z.ZodObject)) return []
  return Object.entries(row.shape).flatMap(([key, value]) => {
    const inner = columnsOf(bare(value))
    return inner.length === 0 ? [[key]] : inner.map((path) => [key, ...path])
  })
}

/** A schema without what only says when it may be absent. */
function bare(schema: unknown): unknown {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly || schema instanceof z.ZodNullable
  return isWrapped ? bare(schema.unwrap()) : schema
}

function at(row: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], row)
}

/** Words of a list stand beside each other; anything deeper is JSON. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
