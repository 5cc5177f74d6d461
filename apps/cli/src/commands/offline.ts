import { readFile } from 'node:fs/promises'
import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse, parseInstant, required } from '../arguments.ts'
import type { Command } from '../command.ts'
import { effectLine } from './effect.ts'

/** As long as a printed page is likely to be looked for. */
const EXPIRES = '365d'

export const tokenOfflineCreate: Command = {
  name: 'token offline create',
  hasDryRun: true,
  usage: '--scope cut|end [--expires TIME]',
  summary: `Make a token to print: it cuts the service off, or ends that, once, also without a database. It is good for ${EXPIRES}.`,

  async run(args, cli) {
    const { values } = parse(args, [], { scope: { type: 'string' }, expires: { type: 'string' } })
    const body = checked(ADMIN_ROUTES.createOfflineToken.body, {
      scope: required(values.scope, '--scope'),
      expiresAt: parseInstant(values.expires ?? EXPIRES, new Date()),
    })
    const made = await cli.admin('createOfflineToken', { body })
    cli.note('Whoever can read it can use it. It is not shown again.')
    cli.result([made.token ?? '', `until ${made.expiresAt}, in the audit log as ${made.nonce}`], made)
  },
}

export const offlineApply: Command = {
  name: 'offline apply',
  hasDryRun: true,
  usage: 'TOKEN|FILE',
  summary: 'Carry out a printed token on this node. It works without the database, and once.',

  async run(args, cli) {
    const { words } = parse(args, ['TOKEN|FILE'], {})
    const given = words[0] ?? ''
    const token = await readFile(cli.resolvePath(given), 'utf8').catch(() => given)
    const body = checked(ADMIN_ROUTES.useOfflineToken.body, { token: token.trim() })
    const used = await cli.admin('useOfflineToken', { body })
    cli.result(`${used.scope}: ${effectLine(used.effect)}`, used)
  },
}
