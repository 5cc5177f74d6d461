import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'
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

export const policyEpoch: Command = {
  name: 'policy epoch',
  usage: 'NUMBER',
  summary: 'Say when a change of the rules was committed, and when each node applied it.',

  async run(args, cli) {
    const { words } = parse(args, ['NUMBER'], {})
    const params = checked(ADMIN_ROUTES.getPolicyEpoch.params, { epoch: words[0] })
    const answer = await cli.admin('getPolicyEpoch', { params })
    cli.result([`epoch ${answer.epoch} committed ${answer.committedAt}`, ...nodeLines(answer.nodes)], answer)
  },
}
