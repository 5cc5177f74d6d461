import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'
import { effectLine } from './effect.ts'

export const clientPostureShow: Command = {
  name: 'client-posture show',
  usage: '',
  summary: 'What happens to clients that do not say what they are.',

  async run(args, cli) {
    parse(args, [], {})
    const answer = await cli.admin('getClientPosture')
    const { posture, confirmBy } = answer
    cli.result(confirmBy === undefined ? posture : `${posture}  confirm by ${confirmBy}`, answer)
  },
}

export const clientPostureSet: Command = {
  name: 'client-posture set',
  usage: 'discover|enforce [--dry-run]',
  summary: 'Let clients in that do not say what they are and count them, or block them from their next sign-in on.',

  async run(args, cli) {
    const { values, words } = parse(args, ['POSTURE'], { 'dry-run': { type: 'boolean' } })
    const body = checked(ADMIN_ROUTES.setClientPosture.body, { posture: words[0] })
    const query = values['dry-run'] ? { dryRun: 'true' as const } : {}
    const answer = await cli.admin('setClientPosture', { query, body })
    const outcome = values['dry-run'] ? 'nothing was changed (--dry-run)' : effectLine(answer.effect)
    cli.result([`posture ${answer.posture}`, outcome], answer)
  },
}

export const clientPostureConfirm: Command = {
  name: 'client-posture confirm',
  usage: '',
  summary:
    'Confirm that unknown clients are blocked. Without it, a posture set over the network lapses after ten minutes.',

  async run(args, cli) {
    parse(args, [], {})
    const answer = await cli.admin('confirmClientPosture')
    cli.result([`posture ${answer.posture}`, effectLine(answer.effect)], answer)
  },
}
