import { ADMIN_ROUTES, TRAFFIC_COUNTS, TRAFFIC_KINDS } from '@drawbridge/contract'
import type { TrafficCount } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'
import { moreLines, SOME, SOME_USAGE, someFrom, somePages } from '../pages.ts'

export const trafficList: Command = {
  name: 'traffic',
  usage: `[--by ${TRAFFIC_KINDS.join('|')}] [--order COUNT] [--days N] ${SOME_USAGE}`,
  summary: `Say who or what sent how much, the most first. --order is the count that says who that is: ${TRAFFIC_COUNTS.join(', ')}.`,

  async run(args, cli) {
    const { values } = parse(args, [], {
      by: { type: 'string' },
      order: { type: 'string' },
      days: { type: 'string' },
      ...SOME,
    })
    const days = Number(values.days ?? 7)
    if (!Number.isInteger(days) || days < 1 || days > 400) throw new UsageError('--days is a number from 1 to 400.')
    const query = checked(ADMIN_ROUTES.listTraffic.query, {
      ...(values.by !== undefined && { by: values.by }),
      ...(values.order !== undefined && { order: values.order }),
      from: new Date(Date.now() - days * 86_400_000).toISOString(),
    })
    const { rows, more } = await somePages(cli.admin, 'listTraffic', 'rows', { query }, someFrom(values))
    const lines = rows.map((row) => `${row.subject || 'the service'}${row.isFormer ? ' (gone)' : ''}  ${partsOf(row)}`)
    cli.result(lines.length === 0 ? 'nothing was sent' : [...lines, ...moreLines(more)], rows)
  },
}

/** What there was of it. */
function partsOf(row: Readonly<Record<TrafficCount, number>>): string {
  const parts = [
    [row.messages, `${row.messages} messages (${row.bytes} bytes), ${row.files} with files, ${row.images} with images`],
    [row.uploads, `${row.uploads} files came (${row.uploadBytes} bytes, ${row.imageUploadBytes} of images)`],
    [
      row.downloadBytes,
      `${row.downloads} files went (${row.downloadBytes} bytes, ${row.imageDownloadBytes} of images)`,
    ],
    [row.calls, `${row.calls} calls`],
  ] as const
  return parts.flatMap(([count, text]) => (count === 0 ? [] : [text])).join('; ')
}
