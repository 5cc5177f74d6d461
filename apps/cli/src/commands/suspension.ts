import { ADMIN_ROUTES, type SuspensionView } from '@drawbridge/contract'
import { checked, parse, parseInstant, required } from '../arguments.ts'
import type { Command } from '../command.ts'
import { effectLine } from './effect.ts'

export const suspensionStart: Command = {
  name: 'suspension start',
  usage:
    '--scope service|images|files|federation --mode announce|read-only|hold|reject|cut --reason TEXT [--until TIME]',
  summary: 'Suspend a part of the service. TIME is 2026-11-23T18:00, or a time from now: 30s, 15m, 2h, 7d.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      scope: { type: 'string' },
      mode: { type: 'string' },
      reason: { type: 'string' },
      until: { type: 'string' },
    })
    const body = checked(ADMIN_ROUTES.startSuspension.body, {
      scope: required(values.scope, '--scope'),
      mode: required(values.mode, '--mode'),
      reason: required(values.reason, '--reason'),
      ...(values.until !== undefined && { until: parseInstant(values.until, new Date()) }),
    })
    const started = await cli.admin('startSuspension', { body })
    cli.result([suspensionLine(started.suspension), effectLine(started.effect)], started)
  },
}

export const suspensionList: Command = {
  name: 'suspension list',
  usage: '',
  summary: 'List suspensions, the active ones first.',

  async run(args, cli) {
    parse(args, [], {})
    const { suspensions } = await cli.admin('listSuspensions')
    cli.result(suspensions.length === 0 ? 'no suspensions' : suspensions.map(suspensionLine), suspensions)
  },
}

export const suspensionEnd: Command = {
  name: 'suspension end',
  usage: 'ID',
  summary: 'End a suspension and deliver what it held, in order.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.endSuspension.params, { id: words[0] })
    const ended = await cli.admin('endSuspension', { params })
    cli.result(
      [suspensionLine(ended.suspension), `${effectLine(ended.effect)}, ${ended.released} messages released`],
      ended,
    )
  },
}

/** One line per suspension. */
export function suspensionLine({ id, scope, mode, reason, since, until, endedAt }: SuspensionView): string {
  const span = endedAt !== undefined ? `ended ${endedAt}` : until !== undefined ? `until ${until}` : 'until ended'
  return `${id}  ${scope} ${mode} since ${since}, ${span}: ${reason}`
}
