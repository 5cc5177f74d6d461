import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import type { Command } from '../command.ts'
import { everyPage } from '../pages.ts'

const text = { type: 'string' } as const

export const clientList: Command = {
  name: 'client list',
  usage: '[--days N] [--text TEXT] [--standing flawed|unknown|fine] [--live]',
  summary: 'List the clients and versions in use, those that nobody can name first.',

  async run(args, cli) {
    const { values } = parse(args, [], { days: text, text, standing: text, live: { type: 'boolean' } })
    const { live, ...only } = values
    const query = checked(ADMIN_ROUTES.listClientVersions.query, { ...only, ...(live && { live: 'true' }) })
    const clients = await everyPage(cli.admin, 'listClientVersions', 'clients', { query })
    const lines = clients.map(
      ({ family, version, isUnknown, people, sessions, tiers, daysBehind = 0, flaws, lastSeenAt }) =>
        [
          `${family ?? '(says nothing)'} ${version ?? '(no version)'}${isUnknown ? '  UNKNOWN' : ''}`,
          `${people} people, ${sessions} sessions now`,
          tiers.join(' '),
          ...(daysBehind > 0 ? [`${daysBehind} days behind`] : []),
          ...flaws.map(({ flaw, isExploited }) => `${flaw}${isExploited ? ' (used in attacks)' : ''}`),
          `last seen ${lastSeenAt}`,
        ].join('  '),
    )
    cli.result(clients.length === 0 ? 'no client was seen' : lines, clients)
  },
}

export const clientUses: Command = {
  name: 'client uses',
  usage:
    '[--account A] [--unit U] [--family F] [--version V] [--build B] [--os O] [--tier E0…E4] [--node N] [--address ADDRESS|NETWORK] [--unknown] [--days N]',
  summary:
    'List who uses which client, from where and on which node: those that nobody can name first, then those seen last.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      account: text,
      unit: text,
      family: text,
      version: text,
      build: text,
      os: text,
      tier: text,
      node: text,
      address: text,
      unknown: { type: 'boolean' },
      days: text,
    })
    const { unknown, ...only } = values
    const query = { ...only, ...(unknown && { unknown: 'true' }) }
    checked(ADMIN_ROUTES.listClientUses.query, query)
    const uses = await everyPage(cli.admin, 'listClientUses', 'uses', { query })
    const lines = uses.map(({ account, units, client, unknownBecause, address, node, ...seen }) => {
      const { family, version, build, os, tier, source } = client
      return [
        account,
        units.length > 0 && `(${units.join(', ')})`,
        [family ?? '(says nothing)', version, build && `build ${build}`].filter(Boolean).join(' '),
        os,
        source === 'none' ? tier : `${tier} by ${source}`,
        unknownBecause && `UNKNOWN: ${unknownBecause}`,
        address && `from ${address}`,
        node && `on ${node}`,
        `first seen ${seen.firstSeenAt}, last ${seen.lastSeenAt}`,
        seen.refusedAt && 'REFUSED',
      ]
        .filter(Boolean)
        .join('  ')
    })
    cli.result(uses.length === 0 ? 'nobody' : lines, uses)
  },
}

export const clientHistory: Command = {
  name: 'client history',
  usage: '[--days N]',
  summary: 'List how many people used each version of each client, day by day, for up to 400 days.',

  async run(args, cli) {
    const { values } = parse(args, [], { days: text })
    checked(ADMIN_ROUTES.listClientHistory.query, values)
    const days = await everyPage(cli.admin, 'listClientHistory', 'days', { query: values })
    const lines = days.map(
      ({ day, family, version, people }) =>
        `${day}  ${family || '(says nothing)'} ${version || '(no version)'}  ${people} people`,
    )
    cli.result(days.length === 0 ? 'no day was counted yet' : lines, days)
  },
}
