import { readFile } from 'node:fs/promises'
import { ADMIN_ROUTES, type DeviceKeyFault, type DeviceKeyImport, type DeviceKeyView } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import { type Command, Refused, UsageError } from '../command.ts'
import { parseCsv } from '../csv.ts'
import { everyPage } from '../pages.ts'
import { effectLine } from './effect.ts'

/** A key of a file, with the line or the place that it has there. */
interface FoundKey {
  readonly at: number
  readonly key: DeviceKeyImport['keys'][number]
}

const COLUMNS = ['account', 'device', 'publicKey', 'notAfter'] as const
type Column = (typeof COLUMNS)[number]
/** What the columns are called in a file. */
type Names = Readonly<Record<Column, string>>

const FAULTS: Readonly<Record<DeviceKeyFault, string>> = {
  'no-such-account': 'there is no such account',
  'unusable-key': 'the key is no public key of P-256 or Ed25519',
  expired: 'it has expired',
  'named-twice': 'the key is named twice',
}

export const deviceKeyImport: Command = {
  name: 'device-key import',
  hasDryRun: true,
  usage: 'FILE --mdm NAME [--columns account=NAME,device=NAME,…] [--complete]',
  summary:
    'Enrol the keys of managed devices from an export: CSV with the columns account, device, publicKey and notAfter, or JSON, a list of objects with these members. Keys are PEM or JWK. --columns says what they are called there. With --complete, keys of this manager that the file does not name are revoked.',

  async run(args, cli) {
    const { values, words } = parse(args, ['FILE'], {
      mdm: { type: 'string' },
      columns: { type: 'string' },
      complete: { type: 'boolean' },
    })
    const path = cli.resolvePath(words[0] ?? '')
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Refused(`${path} cannot be read (${error.code ?? 'unknown reason'}).`)
    })
    const found = readKeys(text, namesFrom(values.columns))
    const body = checked(ADMIN_ROUTES.importDeviceKeys.body, {
      mdm: required(values.mdm, '--mdm'),
      keys: found.map(({ key }) => key),
      ...(values.complete && { isComplete: true }),
    })
    const done = await cli.admin('importDeviceKeys', { body })
    const { enrolled, skipped, stillRevoked, revoked, effect } = done
    const at = (index: number) => found[index]?.at ?? 0
    for (const { index, fault } of skipped) {
      cli.note(`${at(index)}: ${JSON.stringify(body.keys[index]?.device)} is skipped: ${FAULTS[fault]}`)
    }
    for (const thumbprint of stillRevoked) cli.note(`${thumbprint} was revoked, and stays so`)
    const counts = `${enrolled} enrolled, ${skipped.length} skipped, ${revoked.length} revoked`
    cli.result([counts, effectLine(effect)], done)
    if (skipped.length > 0) throw new Refused(`${skipped.length} keys were skipped.`)
  },
}

export const deviceKeyList: Command = {
  name: 'device-key list',
  usage: '[--account NAME]',
  summary: 'List keys of managed devices, revoked ones included.',

  async run(args, cli) {
    const { values } = parse(args, [], { account: { type: 'string' } })
    const query = checked(ADMIN_ROUTES.listDeviceKeys.query, values)
    const keys = await everyPage(cli.admin, 'listDeviceKeys', 'keys', { query })
    cli.result(keys.length === 0 ? 'no device keys' : keys.map(keyLine), keys)
  },
}

export const deviceKeyRevoke: Command = {
  name: 'device-key revoke',
  hasDryRun: true,
  usage: 'THUMBPRINT',
  summary: 'Revoke the key of a device, for good: sessions that rest on it are judged anew at once.',

  async run(args, cli) {
    const { words } = parse(args, ['THUMBPRINT'], {})
    const params = checked(ADMIN_ROUTES.revokeDeviceKey.params, { thumbprint: words[0] })
    const revoked = await cli.admin('revokeDeviceKey', { params })
    cli.result([keyLine(revoked.key), effectLine(revoked.effect)], revoked)
  },
}

/**
 * The keys of an export.
 *
 * @throws UsageError where it is neither CSV with these columns nor such a list
 */
export function readKeys(text: string, names: Names = namesFrom(undefined)): FoundKey[] {
  return /^\uFEFF?\s*\[/.test(text) ? fromJson(text.replace(/^\uFEFF/, ''), names) : fromCsv(text, names)
}

/** @param given - such as `account=userPrincipalName,device=deviceName`; what is not in it is called as here */
export function namesFrom(given: string | undefined): Names {
  const pairs = (given ?? '')
    .split(',')
    .filter(Boolean)
    .map((pair) => pair.split('='))
  for (const [column, name] of pairs) {
    if (!COLUMNS.some((known) => known === column) || !name) {
      throw new UsageError(`--columns has pairs like account=NAME of ${COLUMNS.join(', ')}.`)
    }
  }
  return { ...(Object.fromEntries(COLUMNS.map((column) => [column, column])) as Names), ...Object.fromEntries(pairs) }
}

function fromJson(text: string, names: Names): FoundKey[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`The file is not JSON: ${(error as Error).message}.`)
  }
  // What else an export says about a device is of no use here.
  return (list as readonly unknown[]).map((row, index) => ({
    at: index + 1,
    key: keyFrom((column) => {
      const value = new Map(Object.entries(row ?? {})).get(names[column]) ?? ''
      return typeof value === 'string' ? value : JSON.stringify(value)
    }),
  }))
}

function fromCsv(text: string, names: Names): FoundKey[] {
  let rows
  try {
    rows = parseCsv(text)
  } catch (error) {
    throw new UsageError(`The file is not CSV: ${(error as Error).message}.`)
  }
  const [header, ...rest] = rows
  const columns = header?.cells.map((cell) => cell.trim()) ?? []
  const missing = Object.values(names).filter((name) => !columns.includes(name))
  if (missing.length > 0) throw new UsageError(`The file has no column ${missing.join(', ')}.`)
  return rest.map(({ line, cells }) => ({
    at: line,
    key: keyFrom((column) => cells[columns.indexOf(names[column])] ?? ''),
  }))
}

/** MDMs know people by address; the rest of it is ours to know. */
function keyFrom(cell: (column: Column) => string): FoundKey['key'] {
  return {
    account: cell('account').trim().replace(/@.*$/, ''),
    device: cell('device').trim(),
    publicKey: cell('publicKey').trim(),
    notAfter: cell('notAfter').trim(),
  }
}

function keyLine({ thumbprint, account, device, mdm, notAfter, revokedAt }: DeviceKeyView): string {
  const end = revokedAt === undefined ? `until ${notAfter}` : `revoked ${revokedAt}`
  return `${thumbprint}  ${account}  "${device}"  ${mdm}  ${end}`
}
