import { ADMIN_ROUTES, MAX_MEMBERS_PER_REQUEST, type ProtectedUnit, type UnitView } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'
import { everyPage } from '../pages.ts'
import { effectLine } from './effect.ts'

const SETTINGS = {
  'display-name': { type: 'string' },
  roster: { type: 'string' },
  directory: { type: 'string' },
} as const
const SETTINGS_USAGE = '[--roster members|everybody|nobody] [--directory everybody|members]'

export const unitAdd: Command = {
  name: 'unit add',
  usage: `NAME --display-name TEXT ${SETTINGS_USAGE}`,
  summary: 'Create a unit. Its members see each other as contacts, in a group of its display name.',

  async run(args, cli) {
    const { values, words } = parse(args, ['NAME'], SETTINGS)
    const body = checked(ADMIN_ROUTES.createUnit.body, {
      name: words[0],
      displayName: required(values['display-name'], '--display-name'),
      ...settings(values),
    })
    const made = await cli.admin('createUnit', { body })
    cli.result(unitLine(made.unit), made)
  },
}

export const unitSet: Command = {
  name: 'unit set',
  usage: `NAME [--display-name TEXT] ${SETTINGS_USAGE}`,
  summary: 'Change the display name of a unit, in whose contact lists its members are, or who finds them.',

  async run(args, cli) {
    const { values, words } = parse(args, ['NAME'], SETTINGS)
    const body = checked(ADMIN_ROUTES.changeUnit.body, {
      ...(values['display-name'] !== undefined && { displayName: values['display-name'] }),
      ...settings(values),
    })
    if (Object.keys(body).length === 0) throw new UsageError('There is nothing to change.')
    const changed = await cli.admin('changeUnit', { params: unitNamed(words), body })
    cli.result(unitLine(changed.unit), changed)
  },
}

export const unitProtect: Command = {
  name: 'unit protect',
  hasDryRun: true,
  usage: 'NAME E2|E3|E4|none',
  summary:
    'Say how well the clients of the members of a unit must be known: below that tier they are turned away, whatever the posture.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME', 'TIER'], {})
    const params = checked(ADMIN_ROUTES.setUnitMinimumTier.params, { name: words[0] })
    const minimumTier = words[1] === 'none' ? null : words[1]
    const body = checked(ADMIN_ROUTES.setUnitMinimumTier.body, { minimumTier })
    const done = await cli.admin('setUnitMinimumTier', { params, body })
    const { sessions, people, stranded, affected, effect } = done
    const reach = `${people} people, ${sessions} live sessions, ${stranded} without another client`
    const reached = affected.map(({ account, client }) => `  ${account}  ${client.family ?? 'unknown'} ${client.tier}`)
    cli.result([tierLine(done), reach, ...reached, effectLine(effect)], done)
  },
}

export const unitConfirm: Command = {
  name: 'unit confirm',
  usage: 'NAME',
  summary:
    'Confirm the minimum tier of a unit. Without it, one that was raised over the network is withdrawn after ten minutes.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME'], {})
    const params = checked(ADMIN_ROUTES.confirmUnitMinimumTier.params, { name: words[0] })
    const done = await cli.admin('confirmUnitMinimumTier', { params })
    cli.result([tierLine(done), effectLine(done.effect)], done)
  },
}

export const unitList: Command = {
  name: 'unit list',
  usage: '[--text TEXT]',
  summary: 'List all units by name; only those with a text in it.',

  async run(args, cli) {
    const { values } = parse(args, [], { text: { type: 'string' } })
    checked(ADMIN_ROUTES.listUnits.query, values)
    const units = await everyPage(cli.admin, 'listUnits', 'units', { query: values })
    cli.result(units.length === 0 ? 'no units' : units.map(unitLine), units)
  },
}

export const unitDelete: Command = {
  name: 'unit delete',
  usage: 'NAME',
  summary: 'Delete a unit; the accounts in it stay.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME'], {})
    const deleted = await cli.admin('deleteUnit', { params: unitNamed(words) })
    cli.result(`${deleted.name}: deleted`, deleted)
  },
}

export const unitMembers: Command = {
  name: 'unit members',
  usage: 'NAME',
  summary: 'List the accounts in a unit.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME'], {})
    const members = await everyPage(cli.admin, 'listUnitMembers', 'members', { params: unitNamed(words) })
    cli.result(members.length === 0 ? 'no members' : members, members)
  },
}

export const unitJoin: Command = {
  name: 'unit join',
  usage: 'NAME ACCOUNT…',
  summary: 'Add accounts to a unit; those in it already stay.',

  async run(args, cli) {
    const [name, ...members] = args
    const params = unitNamed([name ?? ''])
    if (members.length === 0) throw new UsageError('ACCOUNT is missing.')
    let answer
    let added = 0
    for (let at = 0; at < members.length; at += MAX_MEMBERS_PER_REQUEST) {
      const body = checked(ADMIN_ROUTES.addUnitMembers.body, {
        members: members.slice(at, at + MAX_MEMBERS_PER_REQUEST),
      })
      answer = await cli.admin('addUnitMembers', { params, body })
      added += answer.added
    }
    cli.result(`${params.name}: ${added} added`, { ...answer, added })
  },
}

export const unitLeave: Command = {
  name: 'unit leave',
  usage: 'NAME ACCOUNT',
  summary: 'Take an account out of a unit.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME', 'ACCOUNT'], {})
    const params = checked(ADMIN_ROUTES.removeUnitMember.params, { name: words[0], account: words[1] })
    const left = await cli.admin('removeUnitMember', { params })
    cli.result(unitLine(left.unit), left)
  },
}

function settings({ roster, directory }: { readonly roster?: string; readonly directory?: string }) {
  return { ...(roster !== undefined && { roster }), ...(directory !== undefined && { directory }) }
}

function unitNamed(words: readonly string[]): { name: string } {
  return checked(ADMIN_ROUTES.deleteUnit.params, { name: words[0] })
}

function tierLine({ unit, minimumTier, confirmBy }: ProtectedUnit): string {
  return `${unit}: ${minimumTier ?? 'not protected'}${untilLine(confirmBy)}`
}

const untilLine = (confirmBy: string | undefined) => (confirmBy === undefined ? '' : `  confirm by ${confirmBy}`)

function unitLine({ name, displayName, roster, directory, minimumTier, confirmBy, members }: UnitView): string {
  const least = minimumTier === undefined ? '' : `  clients: ${minimumTier} at least${untilLine(confirmBy)}`
  return `${name}  "${displayName}"  ${members} members  roster: ${roster}  directory: ${directory}${least}`
}
