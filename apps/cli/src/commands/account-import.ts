import { readFile } from 'node:fs/promises'
import type { BodyOf, ImportResult } from '@drawbridge/contract'
import { parse } from '../arguments.ts'
import { type Command, Refused, UsageError } from '../command.ts'
import { type CsvRow, parseCsv } from '../csv.ts'

type NewRow = BodyOf<'importAccounts'>['accounts'][number]

/** Accounts per request: small enough for steady progress, since every password is hashed twice. */
const BATCH = 50

export const accountImport: Command = {
  name: 'account import',
  usage: 'FILE.csv',
  summary:
    'Create many accounts from the columns name, password (or empty: one is made and printed) and admin (yes or no).',

  async run(args, cli) {
    const { words } = parse(args, ['FILE.csv'], {})
    const rows = readRows(await read(cli.resolvePath(words[0] ?? '')), cli.note)
    const results: (ImportResult & { line: number })[] = []
    for (let start = 0; start < rows.length; start += BATCH) {
      const batch = rows.slice(start, start + BATCH)
      const answer = await cli.admin('importAccounts', { body: { accounts: batch.map(({ account }) => account) } })
      answer.results.forEach((result, index) => {
        const line = batch[index]?.line ?? 0
        results.push({ line, ...result })
        if (result.outcome === 'invalid')
          cli.note(
            `line ${line}: ${JSON.stringify(result.name)} is refused: ${result.reason ?? result.code ?? 'invalid'}`,
          )
      })
      cli.note(`${Math.min(start + BATCH, rows.length)} of ${rows.length}`)
    }
    const count = (outcome: ImportResult['outcome']) => results.filter((result) => result.outcome === outcome).length
    const summary = { created: count('created'), exists: count('exists'), invalid: count('invalid') }
    cli.result(
      [
        ...results.flatMap(({ name, password }) => (password === undefined ? [] : [`${name}\t${password}`])),
        `${summary.created} created, ${summary.exists} existed already, ${summary.invalid} refused`,
      ],
      { ...summary, results },
    )
    if (summary.invalid > 0) throw new Refused(`${summary.invalid} rows were refused.`)
  },
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Refused(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`)
  }
}

/** The accounts of a file. A first line that begins with `name` names the columns; else they are name, password. */
export function readRows(text: string, note: (line: string) => void): { line: number; account: NewRow }[] {
  let rows: CsvRow[]
  try {
    rows = parseCsv(text)
  } catch (error) {
    throw new UsageError(`The file is not CSV: ${(error as Error).message}.`)
  }
  const header = rows[0]?.cells.map((cell) => cell.trim().toLowerCase())
  const hasHeader = header?.includes('name') === true
  const columns = hasHeader ? header : ['name', 'password']
  const unknown = columns.filter((column) => !['name', 'password', 'admin'].includes(column))
  if (unknown.length > 0) note(`Columns that are not used: ${unknown.join(', ')}.`)
  return (hasHeader ? rows.slice(1) : rows).map(({ line, cells }) => {
    const cell = (column: string) => cells[columns.indexOf(column)] ?? ''
    const account: NewRow = {
      name: cell('name').trim(),
      ...(cell('password') !== '' && { password: cell('password') }),
      ...(/^(yes|true|1)$/i.test(cell('admin').trim()) && { isAdmin: true }),
    }
    return { line, account }
  })
}
