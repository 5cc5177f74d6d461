import { ADMIN_ROUTES, type PolicyChangeView } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'
import { moreLines, SOME, SOME_USAGE, someFrom, somePages } from '../pages.ts'
import { nodeLines } from './effect.ts'

export const policyNodes: Command = {
  name: 'policy nodes',
  usage: '',
  summary: 'List the server processes on this database, with the epoch of the rules that each applies.',

  async run(args, cli) {
    parse(args, [], {})
    const answer = await cli.admin('listPolicyNodes')
    const lines = answer.nodes.map(
      ({ id, name, isAlive, isSelf, epoch, seenAt, startedAt }) =>
        `${id}  ${name}${isSelf ? ' (this one)' : ''}  ${isAlive ? 'alive' : `gone since ${seenAt}`}, epoch ${epoch}, started ${startedAt}`,
    )
    cli.result([`epoch ${answer.epoch} in force here`, ...lines], answer)
  },
}

export const policyEpochs: Command = {
  name: 'policy epochs',
  usage: `[--target ID] ${SOME_USAGE}`,
  summary:
    'List the changes of the rules, the last one first: who made each, and when each node applied it. ID is of a suspension, a rule, an exception or a recall.',

  async run(args, cli) {
    const { values } = parse(args, [], { ...SOME, target: { type: 'string' } })
    const { target } = values
    const query = target === undefined ? {} : { target }
    const { rows, more } = await somePages(cli.admin, 'listPolicyEpochs', 'epochs', { query }, someFrom(values))
    const lines = [...rows.flatMap(changeLines), ...moreLines(more)]
    cli.result(lines.length === 0 ? 'no changes' : lines, rows)
  },
}

export const policyEpoch: Command = {
  name: 'policy epoch',
  usage: 'NUMBER',
  summary: 'Say when a change of the rules was committed and by whom, and when each node applied it.',

  async run(args, cli) {
    const { words } = parse(args, ['NUMBER'], {})
    const params = checked(ADMIN_ROUTES.getPolicyEpoch.params, { epoch: words[0] })
    const answer = await cli.admin('getPolicyEpoch', { params })
    cli.result(changeLines(answer), answer)
  },
}

function changeLines({ epoch, committedAt, changes, appliedBy }: PolicyChangeView): string[] {
  return [
    `epoch ${epoch} committed ${committedAt}`,
    ...changes.map(({ position, actor, action, target }) => `  ${action} ${target} by ${actor} (audit ${position})`),
    ...nodeLines(appliedBy),
  ]
}
