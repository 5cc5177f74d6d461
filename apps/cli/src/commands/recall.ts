import { ADMIN_ROUTES, type RecallView } from '@drawbridge/contract'
import { checked, listFrom, parse, required } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'
import { everyPage } from '../pages.ts'
import { effectLine } from './effect.ts'

export const recallStart: Command = {
  name: 'recall start',
  hasDryRun: true,
  usage: '[--hash LIST] [--sender LIST] [--room JID] [--format LIST] [--from TIME] [--until TIME] --reason TEXT',
  summary:
    'Stop serving files that were delivered. Everything that is named must hold. TIME is when they were sent: without --until and --hash, what is sent from now on is new.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      hash: { type: 'string' },
      sender: { type: 'string' },
      room: { type: 'string' },
      format: { type: 'string' },
      from: { type: 'string' },
      until: { type: 'string' },
      reason: { type: 'string' },
    })
    const { hash, sender, room, format, from, until } = values
    const body = checked(ADMIN_ROUTES.startRecall.body, {
      ...(hash !== undefined && { hashes: listFrom(hash) }),
      ...(sender !== undefined && { senders: listFrom(sender) }),
      ...(room !== undefined && { room }),
      ...(format !== undefined && { formats: listFrom(format) }),
      ...(from !== undefined && { sentFrom: pastInstant(from) }),
      ...(until !== undefined && { sentUntil: pastInstant(until) }),
      reason: required(values.reason, '--reason'),
    })
    const started = await cli.admin('startRecall', { body })
    cli.result([recallLine(started.recall), `${started.files} files`, effectLine(started.effect)], started)
  },
}

export const recallList: Command = {
  name: 'recall list',
  usage: '',
  summary: 'List recalls of files, newest first.',

  async run(args, cli) {
    parse(args, [], {})
    const recalls = await everyPage(cli.admin, 'listRecalls', 'recalls')
    cli.result(recalls.length === 0 ? 'no recalls' : recalls.map(recallLine), recalls)
  },
}

export const recallEnd: Command = {
  name: 'recall end',
  hasDryRun: true,
  usage: 'ID',
  summary: 'Serve recalled files again.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.endRecall.params, { id: words[0] })
    const ended = await cli.admin('endRecall', { params })
    cli.result([recallLine(ended.recall), effectLine(ended.effect)], ended)
  },
}

export const imageCensus: Command = {
  name: 'image-census',
  usage: '[--days N]',
  summary: 'Count images by format and outcome, with what they held and what read them.',

  async run(args, cli) {
    const { values } = parse(args, [], { days: { type: 'string' } })
    checked(ADMIN_ROUTES.getImageCensus.query, values)
    const rows = await everyPage(cli.admin, 'getImageCensus', 'rows', { query: values })
    const lines = rows.map(({ day, profile, inputFormat, outcome, reason, features, images, bytesIn, bytesOut }) =>
      [
        day,
        profile,
        inputFormat || '?',
        reason === '' ? outcome : `${outcome}: ${reason}`,
        `${images} images, ${bytesIn} bytes in, ${bytesOut} out`,
        features.join(' '),
      ].join('  '),
    )
    cli.result(rows.length === 0 ? 'no images' : lines, rows)
  },
}

/** An instant as people write it: `2026-11-23 18:00`, or so long ago, such as `2h`. */
function pastInstant(written: string): string {
  const ago = /^(\d+)(m|h|d)$/iu.exec(written)
  const ms = { m: 60_000, h: 3_600_000, d: 86_400_000 }[ago?.[2]?.toLowerCase() ?? ''] ?? 0
  const at = ago ? new Date(Date.now() - Number(ago[1]) * ms) : new Date(written.replace(' ', 'T'))
  if (Number.isNaN(at.getTime())) {
    throw new UsageError(`"${written}" is not a time: write 2026-11-23T18:00, or how long ago: 15m, 2h, 7d.`)
  }
  return at.toISOString()
}

function recallLine({
  id,
  hashes,
  uploads,
  senders,
  gone = [],
  formats,
  sentFrom,
  sentUntil,
  reason,
  endedAt,
}: RecallView): string {
  const parts = [
    hashes && `${hashes.length} hashes`,
    uploads !== undefined && `${uploads} files of a room`,
    senders && `from ${senders.join(', ')}`,
    ...gone.map(({ sender, at }) => `${sender} was deleted at ${at}`),
    formats && formats.join(', '),
    sentFrom !== undefined && `since ${sentFrom}`,
    sentUntil !== undefined && `before ${sentUntil}`,
  ].filter(Boolean)
  return `${id}  ${parts.join(', ')}: ${reason}${endedAt === undefined ? '' : `  ended ${endedAt}`}`
}
