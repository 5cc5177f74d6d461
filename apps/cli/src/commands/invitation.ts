import { ADMIN_ROUTES, type InvitationView } from '@drawbridge/contract'
import { checked, parse, parseInstant } from '../arguments.ts'
import type { Command } from '../command.ts'
import { everyPage } from '../pages.ts'

export const invitationAdd: Command = {
  name: 'invitation add',
  usage: '[--name NAME] [--inviter NAME] [--uses N] [--until TIME]',
  summary: 'Invite somebody to make an account. The link is shown once. TIME is as in `suspension start`.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      name: { type: 'string' },
      inviter: { type: 'string' },
      uses: { type: 'string' },
      until: { type: 'string' },
    })
    const now = new Date()
    const body = checked(ADMIN_ROUTES.createInvitation.body, {
      ...(values.name !== undefined && { name: values.name }),
      ...(values.inviter !== undefined && { inviter: values.inviter }),
      ...(values.uses !== undefined && { maxUses: Number(values.uses) }),
      ...(values.until !== undefined && {
        lifetimeS: Math.ceil((Date.parse(parseInstant(values.until, now)) - now.getTime()) / 1_000),
      }),
    })
    const issued = await cli.admin('createInvitation', { body })
    cli.result([invitationLine(issued.invitation), issued.url, issued.uri], issued)
  },
}

export const invitationList: Command = {
  name: 'invitation list',
  usage: '',
  summary: 'List invitations, newest first.',

  async run(args, cli) {
    parse(args, [], {})
    const invitations = await everyPage(cli.admin, 'listInvitations', 'invitations')
    cli.result(invitations.length === 0 ? 'no invitations' : invitations.map(invitationLine), invitations)
  },
}

export const invitationRevoke: Command = {
  name: 'invitation revoke',
  usage: 'ID',
  summary: 'Revoke an invitation; accounts made with it stay.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.revokeInvitation.params, { id: words[0] })
    const revoked = await cli.admin('revokeInvitation', { params })
    cli.result(invitationLine(revoked.invitation), revoked)
  },
}

function invitationLine({
  id,
  name,
  inviter,
  makesAccount,
  uses,
  maxUses,
  expiresAt,
  revokedAt,
}: InvitationView): string {
  const what = makesAccount ? `for ${name ?? 'a new account'}` : 'for a contact'
  const by = inviter === undefined ? '' : ` by ${inviter}`
  const end = revokedAt === undefined ? `until ${expiresAt}` : `revoked ${revokedAt}`
  return `${id}  ${what}${by}, used ${uses} of ${maxUses}, ${end}`
}
