import { ADMIN_ROUTES, type StandingMessageView } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'

export const standingMessageList: Command = {
  name: 'standing-message list',
  usage: '',
  summary: 'Show the message of the day and the welcome, as far as they are set.',

  async run(args, cli) {
    parse(args, [], {})
    const { messages } = await cli.admin('listStandingMessages')
    cli.result(messages.length === 0 ? 'no standing messages' : messages.map(line), messages)
  },
}

export const standingMessageSet: Command = {
  name: 'standing-message set',
  usage: 'motd|welcome TEXT [--correction]',
  summary: 'Say something once to everybody (motd), or to whoever signs in for the first time (welcome).',

  async run(args, cli) {
    const { words, values } = parse(args, ['KIND', 'TEXT'], { correction: { type: 'boolean' } })
    const [kind, text] = words
    const params = checked(ADMIN_ROUTES.setStandingMessage.params, { kind })
    const body = checked(ADMIN_ROUTES.setStandingMessage.body, {
      text,
      ...(values.correction === true && { isCorrection: true }),
    })
    const answer = await cli.admin('setStandingMessage', { params, body })
    cli.result(line(answer.message), answer)
  },
}

export const standingMessageDelete: Command = {
  name: 'standing-message delete',
  usage: 'motd|welcome',
  summary: 'Take a standing message back. Who has had it keeps it.',

  async run(args, cli) {
    const { words } = parse(args, ['KIND'], {})
    const params = checked(ADMIN_ROUTES.deleteStandingMessage.params, { kind: words[0] })
    const answer = await cli.admin('deleteStandingMessage', { params })
    cli.result(`deleted: ${line(answer.message)}`, answer)
  },
}

function line({ kind, text, setBy, setAt }: StandingMessageView): string {
  return `${kind}  ${setAt} by ${setBy}: ${text}`
}
