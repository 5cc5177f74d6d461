import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'

const PAGE = 500

export const suspensionHeld: Command = {
  name: 'suspension held',
  usage: 'ID [--content]',
  summary: 'List what a suspension holds, oldest first; reading content is put on record.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], { content: { type: 'boolean' } })
    const params = checked(ADMIN_ROUTES.listHeldMessages.params, { id: words[0] })
    const messages = []
    for (let cursor: string | undefined; ;) {
      const query = { limit: PAGE, ...(cursor !== undefined && { cursor }), ...(values.content && { content: 'true' }) }
      const page = await cli.admin('listHeldMessages', { params, query })
      messages.push(...page.messages)
      cursor = page.next
      if (cursor === undefined) break
    }
    const lines = messages.map(({ id, from, to, sentAt, hasMedia, body }) =>
      [id, sentAt, `${from} → ${to.join(', ')}`, hasMedia && 'with media', body].filter(Boolean).join('  '),
    )
    cli.result(lines.length === 0 ? 'nothing is held' : lines, messages)
  },
}

export const suspensionRelease: Command = {
  name: 'suspension release',
  hasDryRun: true,
  usage: 'ID MESSAGE|all',
  summary: 'Deliver a held message of a suspension that has ended for review, or all of them.',

  async run(args, cli) {
    const { params, body } = selectionFrom(args)
    const released = await cli.admin('releaseHeldMessages', { params, body })
    cli.result(settledLine(released, `${released.released} messages released`), released)
  },
}

export const suspensionDiscard: Command = {
  name: 'suspension discard',
  hasDryRun: true,
  usage: 'ID MESSAGE|all',
  summary: 'Discard a held message of a suspension that has ended for review, or all of them, and tell the senders.',

  async run(args, cli) {
    const { params, body } = selectionFrom(args)
    const discarded = await cli.admin('discardHeldMessages', { params, body })
    cli.result(settledLine(discarded, `${discarded.discarded} messages discarded`), discarded)
  },
}

function settledLine({ request }: { readonly request?: { readonly id: string } | undefined }, done: string): string {
  return request ? `waits for another person: drawbridge suspension approve ${request.id}` : done
}

function selectionFrom(args: string[]) {
  const { words } = parse(args, ['ID', 'MESSAGE'], {})
  const [id, message = ''] = words
  const params = checked(ADMIN_ROUTES.releaseHeldMessages.params, { id })
  if (message === '') throw new UsageError('MESSAGE is missing.')
  const messages = message === 'all' ? 'all' : [message]
  return { params, body: checked(ADMIN_ROUTES.releaseHeldMessages.body, { messages }) }
}
