import { ADMIN_ROUTES, type ApprovalRequestView } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'
import { everyPage } from '../pages.ts'
import { exceptionLine, ruleLine } from './client-rule.ts'
import { suspensionLine } from './suspension.ts'

export const suspensionRequests: Command = {
  name: 'suspension requests',
  usage: '',
  summary: 'List what waits for a second person.',

  async run(args, cli) {
    parse(args, [], {})
    const requests = await everyPage(cli.admin, 'listApprovals', 'requests')
    cli.result(requests.length === 0 ? 'nothing waits' : requests.map(requestLine), requests)
  },
}

export const suspensionApprove: Command = {
  name: 'suspension approve',
  hasDryRun: true,
  usage: 'REQUEST',
  summary: 'Agree to what another person asked for, which is then done.',

  async run(args, cli) {
    const { words } = parse(args, ['REQUEST'], {})
    const params = checked(ADMIN_ROUTES.approveRequest.params, { id: words[0] })
    const done = await cli.admin('approveRequest', { params })
    cli.result(
      [...done.suspensions.map(suspensionLine), ...done.rules.map(ruleLine), ...done.exceptions.map(exceptionLine)],
      done,
    )
  },
}

export const suspensionRefuse: Command = {
  name: 'suspension refuse',
  hasDryRun: true,
  usage: 'REQUEST',
  summary: 'Refuse what another person asked for, or take back what one asked for oneself.',

  async run(args, cli) {
    const { words } = parse(args, ['REQUEST'], {})
    const params = checked(ADMIN_ROUTES.refuseRequest.params, { id: words[0] })
    const { request } = await cli.admin('refuseRequest', { params })
    cli.result(requestLine(request), request)
  },
}

function requestLine({ id, action, target, requestedBy, requestedAt, expiresAt }: ApprovalRequestView): string {
  return [id, action, target, `asked for by ${requestedBy} at ${requestedAt}, until ${expiresAt}`]
    .filter((part) => part !== '')
    .join('  ')
}
