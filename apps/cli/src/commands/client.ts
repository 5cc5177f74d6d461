import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'

export const clientList: Command = {
  name: 'client list',
  usage: '[--days N]',
  summary: 'List the clients and versions in use, those that nobody can name first.',

  async run(args, cli) {
    const { values } = parse(args, [], { days: { type: 'string' } })
    const query = checked(ADMIN_ROUTES.listClientVersions.query, values)
    const { clients } = await cli.admin('listClientVersions', { query })
    const lines = clients.map(({ family, version, isUnknown, people, sessions, tiers, lastSeenAt }) =>
      [
        `${family ?? '(says nothing)'} ${version ?? '(no version)'}${isUnknown ? '  UNKNOWN' : ''}`,
        `${people} people, ${sessions} sessions now`,
        tiers.join(' '),
        `last seen ${lastSeenAt}`,
      ].join('  '),
    )
    cli.result(clients.length === 0 ? 'no client was seen' : lines, clients)
  },
}

export const clientUses: Command = {
  name: 'client uses',
  usage: '[--family F] [--version V] [--days N] [--limit N]',
  summary: 'List who uses which client, those seen last first.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      family: { type: 'string' },
      version: { type: 'string' },
      days: { type: 'string' },
      limit: { type: 'string' },
    })
    const query = checked(ADMIN_ROUTES.listClientUses.query, values)
    const { uses } = await cli.admin('listClientUses', { query })
    const lines = uses.map(({ account, client: { family, version, os, tier }, address, lastSeenAt }) =>
      [account, family ?? '(says nothing)', version, os, tier, address, `last seen ${lastSeenAt}`]
        .filter(Boolean)
        .join('  '),
    )
    cli.result(uses.length === 0 ? 'nobody' : lines, uses)
  },
}
