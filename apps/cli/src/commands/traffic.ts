import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'

export const trafficList: Command = {
  name: 'traffic',
  usage: '[--by service|account|unit|room|peer|format] [--days N] [--limit N]',
  summary: 'Say who or what sent how much, the most first.',

  async run(args, cli) {
    const { values } = parse(args, [], { by: { type: 'string' }, days: { type: 'string' }, limit: { type: 'string' } })
    const days = Number(values.days ?? 7)
    if (!Number.isInteger(days) || days < 1 || days > 400) throw new UsageError('--days is a number from 1 to 400.')
    const query = checked(ADMIN_ROUTES.listTraffic.query, {
      ...(values.by !== undefined && { by: values.by }),
      ...(values.limit !== undefined && { limit: values.limit }),
      from: new Date(Date.now() - days * 86_400_000).toISOString(),
    })
    const { rows } = await cli.admin('listTraffic', { query })
    const lines = rows.map(
      ({ subject, messages, bytes, files, images }) =>
        `${subject || 'the service'}  ${messages} messages, ${bytes} bytes, ${files} files, ${images} of them images`,
    )
    cli.result(lines.length === 0 ? 'nothing was sent' : lines, rows)
  },
}
