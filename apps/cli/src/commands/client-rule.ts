import { ADMIN_ROUTES, type ClientRuleView } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import type { Command } from '../command.ts'
import { effectLine } from './effect.ts'

export const clientRuleAdd: Command = {
  name: 'client-rule add',
  usage: '--family F --below V --action observe|notify|warn|degrade|block|disconnect [--url U] [--now]',
  summary: 'Act on clients of a family below a version. Without --now the milder actions come first, by the calendar.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      family: { type: 'string' },
      below: { type: 'string' },
      action: { type: 'string' },
      url: { type: 'string' },
      now: { type: 'boolean' },
    })
    const body = checked(ADMIN_ROUTES.addClientRule.body, {
      family: required(values.family, '--family'),
      below: required(values.below, '--below'),
      action: required(values.action, '--action'),
      ...(values.url !== undefined && { url: values.url }),
      ...(values.now && { now: true }),
    })
    const added = await cli.admin('addClientRule', { body })
    cli.result([ruleLine(added.rule), effectLine(added.effect)], added)
  },
}

export const clientRuleList: Command = {
  name: 'client-rule list',
  usage: '',
  summary: 'List client version rules.',

  async run(args, cli) {
    parse(args, [], {})
    const { rules } = await cli.admin('listClientRules')
    cli.result(rules.length === 0 ? 'no rules' : rules.map(ruleLine), rules)
  },
}

export const clientRuleRemove: Command = {
  name: 'client-rule remove',
  usage: 'ID',
  summary: 'Remove a client version rule.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.removeClientRule.params, { id: words[0] })
    const removed = await cli.admin('removeClientRule', { params })
    cli.result([`${params.id}: removed`, effectLine(removed.effect)], removed)
  },
}

function ruleLine(rule: ClientRuleView): string {
  const stage = rule.stage === rule.action ? '' : `  (now: ${rule.stage ?? 'not yet in force'})`
  return `${rule.id}  ${rule.family} below ${rule.below}: ${rule.action}${stage}${rule.url ? `  ${rule.url}` : ''}`
}
