import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'
import { everyPage } from '../pages.ts'

export const roomList: Command = {
  name: 'room list',
  usage: '[--text TEXT]',
  summary: 'List rooms by address, hidden ones included; only those with a text in address or name.',

  async run(args, cli) {
    const { values } = parse(args, [], { text: { type: 'string' } })
    checked(ADMIN_ROUTES.listRooms.query, values)
    const rooms = await everyPage(cli.admin, 'listRooms', 'rooms', { query: values })
    const lines = rooms.map(({ address, name, isPublic, isMembersOnly, occupants }) =>
      [address, name, isPublic ? '' : 'hidden', isMembersOnly ? 'members only' : '', `${occupants} in it`]
        .filter(Boolean)
        .join('  '),
    )
    cli.result(rooms.length === 0 ? 'no rooms' : lines, rooms)
  },
}
