import { ADMIN_ROUTES, type ApiTokenView, GRANTED_PERMISSIONS, TOKEN_DAYS } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import type { Command } from '../command.ts'
import { everyPage } from '../pages.ts'

export const tokenCreate: Command = {
  name: 'token create',
  usage: `NAME --account ACCOUNT --scope SCOPE[,SCOPE…] [--days N]`,
  summary: `Make an API token for a program; the secret is printed once. It may do nothing that ACCOUNT may not. Good for ${TOKEN_DAYS.default} days unless told otherwise. Scopes: ${GRANTED_PERMISSIONS.join(', ')}.`,

  async run(args, cli) {
    const { values, words } = parse(args, ['NAME'], {
      account: { type: 'string' },
      scope: { type: 'string', multiple: true },
      days: { type: 'string' },
    })
    const body = checked(ADMIN_ROUTES.createToken.body, {
      name: words[0],
      account: required(values.account, '--account'),
      scopes: required(values.scope?.join(','), '--scope').split(','),
      ...(values.days !== undefined && { days: Number(values.days) }),
    })
    const made = await cli.admin('createToken', { body })
    cli.result([tokenLine(made.token), made.secret], made)
  },
}

export const tokenList: Command = {
  name: 'token list',
  usage: '',
  summary: 'List API tokens, newest first: whose, what they may do, and when they were last used.',

  async run(args, cli) {
    parse(args, [], {})
    const tokens = await everyPage(cli.admin, 'listTokens', 'tokens')
    cli.result(tokens.length === 0 ? 'no tokens' : tokens.map(tokenLine), tokens)
  },
}

export const tokenRevoke: Command = {
  name: 'token revoke',
  usage: 'ID',
  summary: 'Revoke an API token: its next request is refused.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.revokeToken.params, { id: words[0] })
    const revoked = await cli.admin('revokeToken', { params })
    cli.result(tokenLine(revoked.token), revoked)
  },
}

function tokenLine({ id, name, account, scopes, expiresAt, usedAt, usedFrom, revokedAt }: ApiTokenView): string {
  const end = revokedAt === undefined ? `until ${expiresAt}` : `revoked ${revokedAt}`
  const use = usedAt === undefined ? 'never used' : `used ${usedAt} from ${usedFrom ?? 'somewhere'}`
  return `${id}  "${name}"  ${account}  ${scopes.join(',')}  ${end}, ${use}`
}
