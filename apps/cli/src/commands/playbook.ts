import { readFile } from 'node:fs/promises'
import { ADMIN_ROUTES, type PlaybookView } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'
import { everyPage } from '../pages.ts'
import { effectLine } from './effect.ts'
import { impactLine, suspensionLine, warningLines } from './suspension.ts'

export const playbookList: Command = {
  name: 'playbook list',
  usage: '',
  summary: 'List playbooks: what is kept ready to be suspended in one action.',

  async run(args, cli) {
    parse(args, [], {})
    const playbooks = await everyPage(cli.admin, 'listPlaybooks', 'playbooks')
    cli.result(playbooks.length === 0 ? 'no playbooks' : playbooks.map(playbookLine), playbooks)
  },
}

export const playbookShow: Command = {
  name: 'playbook show',
  usage: 'NAME',
  summary: 'Show a playbook in full.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME'], {})
    const params = checked(ADMIN_ROUTES.getPlaybook.params, { name: words[0] })
    const { playbook } = await cli.admin('getPlaybook', { params })
    cli.result(JSON.stringify(playbook, null, 2), playbook)
  },
}

export const playbookSet: Command = {
  name: 'playbook set',
  hasDryRun: true,
  usage: 'NAME --file FILE.json',
  summary: 'Add a playbook, or replace the one of this name. The file holds steps, reason, exemptions, rules, notify.',

  async run(args, cli) {
    const { values, words } = parse(args, ['NAME'], { file: { type: 'string' } })
    const path = cli.resolvePath(required(values.file, '--file'))
    const params = checked(ADMIN_ROUTES.putPlaybook.params, { name: words[0] })
    const body = checked(ADMIN_ROUTES.putPlaybook.body, jsonFrom(await readFile(path, 'utf8'), path))
    const { playbook, ...more } = await cli.admin('putPlaybook', { params, body })
    cli.result([playbookLine(playbook), ...warningLines(more)], { ...playbook, ...more })
  },
}

export const playbookDelete: Command = {
  name: 'playbook delete',
  hasDryRun: true,
  usage: 'NAME',
  summary: 'Delete a playbook. What it has started goes on.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME'], {})
    const params = checked(ADMIN_ROUTES.deletePlaybook.params, { name: words[0] })
    await cli.admin('deletePlaybook', { params })
    cli.result(`${params.name}: deleted`, params)
  },
}

export const playbookStart: Command = {
  name: 'playbook start',
  usage: 'NAME [--emergency] [--drill] [--dry-run]',
  summary: 'Start everything that a playbook says, at once.',

  async run(args, cli) {
    const flag = { type: 'boolean' } as const
    const { values, words } = parse(args, ['NAME'], { emergency: flag, drill: flag, 'dry-run': flag })
    const params = checked(ADMIN_ROUTES.startPlaybook.params, { name: words[0] })
    const body = { ...(values.emergency && { isEmergency: true }), ...(values.drill && { isDrill: true }) }
    const query = values['dry-run'] ? { dryRun: 'true' } : {}
    const started = await cli.admin('startPlaybook', { params, body, query })
    const { suspensions, rules, effect, request, impact } = started
    const lines = [
      ...warningLines(started),
      ...(request ? [`waits for another person: drawbridge suspension approve ${request.id}`] : []),
      ...suspensions.map(suspensionLine),
      ...rules.map((id) => `client rule ${id}`),
      ...(effect ? [effectLine(effect)] : []),
      impactLine(impact),
    ]
    cli.result(lines, started)
  },
}

function jsonFrom(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${path} is not JSON.`)
  }
}

function playbookLine({ name, description, steps, reason, rules = [], notify = [] }: PlaybookView): string {
  const what = steps.map(({ scopes, mode }) => `${scopes.join(',')} ${mode}`).join('; ')
  const more = [rules.length > 0 && `${rules.length} client rules`, notify.length > 0 && `tells ${notify.join(', ')}`]
  return [`${name}  ${what}: ${description ?? reason}`, ...more.filter(Boolean)].join(', ')
}
