import { parse } from '../arguments.ts'
import type { Command } from '../command.ts'
import { everyPage } from '../pages.ts'
import { suspensionLine } from './suspension.ts'

export const status: Command = {
  name: 'status',
  usage: '',
  summary: 'State of the running service: sessions, rules, suspensions, held messages, parts.',

  async run(args, cli) {
    parse(args, [], {})
    const now = await cli.admin('getStatus')
    const { policy, held, quarantine } = now
    cli.result(
      [
        `${now.domain}: ${now.state}, version ${now.version}, since ${now.startedAt}`,
        `${now.sessions} sessions, ${now.accounts} accounts`,
        `policy epoch ${policy.epoch}${policy.isStale ? ' (STALE)' : ''}, ${policy.clientRules} client rules, posture ${policy.posture}`,
        ...(held.count > 0 ? [`${held.count} messages held since ${held.oldestAt ?? 'unknown'}`] : []),
        ...(quarantine.count > 0 ? [`${quarantine.count} uploads wait since ${quarantine.oldestAt ?? 'unknown'}`] : []),
        ...now.suspensions.map(suspensionLine),
        ...now.checks.map(
          ({ name, isOk, detail }) => `${isOk ? 'ok  ' : 'FAIL'} ${name}${detail ? `: ${detail}` : ''}`,
        ),
      ],
      now,
    )
  },
}

export const sessionList: Command = {
  name: 'session list',
  usage: '',
  summary: 'List live sessions with what is known about their clients.',

  async run(args, cli) {
    parse(args, [], {})
    const sessions = await everyPage(cli.admin, 'listSessions', 'sessions')
    const lines = sessions.map(({ jid, state, client, transport, since }) =>
      [jid, client.family ?? 'unknown client', client.version ?? '', client.tier, transport, state, since]
        .filter(Boolean)
        .join('  '),
    )
    cli.result(lines.length === 0 ? 'no sessions' : lines, sessions)
  },
}
