import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'

export const accountIdentity: Command = {
  name: 'account identity',
  usage: 'NAME [--issuer URL (--subject SUBJECT | --none)]',
  summary: 'Show who an account is at OpenID Connect issuers, or say who it is at one; --none: nobody.',

  async run(args, cli) {
    const options = { issuer: { type: 'string' }, subject: { type: 'string' }, none: { type: 'boolean' } } as const
    const { values, words } = parse(args, ['NAME'], options)
    const params = checked(ADMIN_ROUTES.setIdentity.params, { name: words[0] })
    const isChange = Object.keys(values).length > 0
    if (isChange && (values.subject === undefined) === (values.none === undefined))
      throw new UsageError('Name a subject, or --none.')
    const { identities, name } = isChange
      ? await cli.admin('setIdentity', {
          params,
          body: checked(ADMIN_ROUTES.setIdentity.body, {
            issuer: required(values.issuer, '--issuer'),
            subject: values.subject ?? null,
          }),
        })
      : await cli.admin('getIdentities', { params })
    const lines = identities.map(({ issuer, subject, linkedAt }) => `${subject}  at ${issuer}, since ${linkedAt}`)
    cli.result(lines.length > 0 ? lines : `${name} is nobody at any issuer`, { name, identities })
  },
}
