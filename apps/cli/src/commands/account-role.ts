import { ADMIN_ROUTES, ROLES } from '@drawbridge/contract'
import { parseArgs } from 'node:util'
import { accountLine, checked, parse } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'

export const accountRole: Command = {
  name: 'account role',
  usage: 'NAME ROLE… [--unit UNIT]… | NAME --none',
  summary: `Replace what an account may administer: ${ROLES.join(', ')}. --unit names the units of a unit administrator.`,

  async run(args, cli) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { unit: { type: 'string', multiple: true }, none: { type: 'boolean' } },
    })
    const [name, ...roles] = positionals
    if ((roles.length === 0) !== (values.none === true)) throw new UsageError('Name roles, or --none.')
    const body = checked(ADMIN_ROUTES.setRoles.body, { roles, ...(values.unit && { administers: values.unit }) })
    const changed = await cli.admin('setRoles', { params: checked(ADMIN_ROUTES.setRoles.params, { name }), body })
    cli.result(accountLine(changed.account), changed)
  },
}

export const accountResetFactor: Command = {
  name: 'account reset-factor',
  usage: 'NAME',
  summary: 'Take the second factor of an administrator away who has lost it, and end the sessions of the account.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME'], {})
    const params = checked(ADMIN_ROUTES.resetSecondFactor.params, { name: words[0] })
    const reset = await cli.admin('resetSecondFactor', { params })
    cli.result(
      `${reset.account.name}: signs in with the password alone, and should enroll a second factor again`,
      reset,
    )
  },
}
