import { ADMIN_ROUTES } from '@drawbridge/contract'
import { accountLine, checked, parse } from '../arguments.ts'
import { type Cli, type Command, UsageError } from '../command.ts'
import { everyPage } from '../pages.ts'

export const accountAdd: Command = {
  name: 'account add',
  usage: 'NAME [--admin] [--password-stdin]',
  summary: 'Create an account. Without --password-stdin a password is made and printed once.',

  async run(args, cli) {
    const { values, words } = parse(args, ['NAME'], {
      admin: { type: 'boolean' },
      'password-stdin': { type: 'boolean' },
    })
    const body = checked(ADMIN_ROUTES.createAccount.body, {
      name: words[0],
      ...(values.admin && { isAdmin: true }),
      ...(values['password-stdin'] && { password: await readPassword(cli) }),
    })
    const created = await cli.admin('createAccount', { body })
    const { account, password } = created
    cli.result([`${accountLine(account)}: created`, ...passwordLine(password)], created)
  },
}

export const accountPassword: Command = {
  name: 'account password',
  usage: 'NAME [--password-stdin]',
  summary: 'Set a new password and close all sessions. Without --password-stdin one is made and printed once.',

  async run(args, cli) {
    const { values, words } = parse(args, ['NAME'], { 'password-stdin': { type: 'boolean' } })
    const body = checked(
      ADMIN_ROUTES.setPassword.body,
      values['password-stdin'] ? { password: await readPassword(cli) } : {},
    )
    const changed = await cli.admin('setPassword', { params: named(words), body })
    const closed = `${changed.account.name}: password set, ${changed.closedSessions} sessions closed`
    cli.result([closed, ...passwordLine(changed.password)], changed)
  },
}

export const accountName: Command = {
  name: 'account name',
  usage: 'NAME [TEXT]',
  summary: 'Set the name that the directory and colleagues show for an account; without TEXT, take it away.',

  async run(args, cli) {
    const [name, ...text] = args
    const body = checked(ADMIN_ROUTES.setDisplayName.body, { displayName: text.length === 0 ? null : text.join(' ') })
    const changed = await cli.admin('setDisplayName', { params: named([name ?? '']), body })
    cli.result(accountLine(changed.account), changed)
  },
}

export const accountList: Command = {
  name: 'account list',
  usage: '[--text TEXT]',
  summary: 'List all accounts by name; only those with a text in it.',

  async run(args, cli) {
    const { values } = parse(args, [], { text: { type: 'string' } })
    checked(ADMIN_ROUTES.listAccounts.query, values)
    const accounts = await everyPage(cli.admin, 'listAccounts', 'accounts', { query: values })
    cli.result(accounts.map(accountLine), accounts)
  },
}

export const accountDisable = change(
  'disable',
  'disableAccount',
  'Close all sessions of an account and refuse new ones.',
)
export const accountEnable = change('enable', 'enableAccount', 'Let a disabled account sign in again.')

export const accountDelete: Command = {
  name: 'account delete',
  usage: 'NAME',
  summary: 'Delete an account and close its sessions.',

  async run(args, cli) {
    const { words } = parse(args, ['NAME'], {})
    const deleted = await cli.admin('deleteAccount', { params: named(words) })
    cli.result(`${deleted.name}: deleted, ${deleted.closedSessions} sessions closed`, deleted)
  },
}

function change(verb: 'disable' | 'enable', route: 'disableAccount' | 'enableAccount', summary: string): Command {
  return {
    name: `account ${verb}`,
    usage: 'NAME',
    summary,
    async run(args, cli) {
      const { words } = parse(args, ['NAME'], {})
      const changed = await cli.admin(route, { params: named(words) })
      cli.result(`${changed.account.name}: ${verb}d, ${changed.closedSessions} sessions closed`, changed)
    },
  }
}

function named(words: readonly string[]): { name: string } {
  return checked(ADMIN_ROUTES.disableAccount.params, { name: words[0] })
}

async function readPassword(cli: Cli): Promise<string> {
  const password = (await cli.readStdin()).replace(/\r?\n$/, '')
  if (password === '') throw new UsageError('No password came on standard input.')
  return password
}

function passwordLine(password: string | undefined): string[] {
  return password === undefined ? [] : [`password: ${password}`]
}

export const breakGlassList: Command = {
  name: 'break-glass list',
  usage: '',
  summary: 'List the accounts that pass every suspension and every lock-out, and from where.',

  async run(args, cli) {
    parse(args, [], {})
    const answer = await cli.admin('listBreakGlass')
    const lines = answer.accounts.map(
      ({ name, isDisabled, hasSecondFactor }) =>
        `${name}${isDisabled ? ', disabled' : ''}${hasSecondFactor ? '' : ', without a second factor'}`,
    )
    // One alone is a single point of failure (control §4.3).
    const usable = answer.accounts.filter(({ isDisabled }) => !isDisabled).length
    if (usable < 2) cli.note(`There should be two to five that can be used; there is ${usable}.`)
    cli.result([...lines, `from ${answer.networks.join(', ')}`], answer)
  },
}

export const breakGlassGrant = breakGlass('grant', 'Let an account pass every suspension and every lock-out.')
export const breakGlassRevoke = breakGlass('revoke', 'Make a break-glass account one like any other.')

function breakGlass(verb: 'grant' | 'revoke', summary: string): Command {
  return {
    name: `break-glass ${verb}`,
    hasDryRun: true,
    usage: 'NAME',
    summary,
    async run(args, cli) {
      const { words } = parse(args, ['NAME'], {})
      const body = { isBreakGlass: verb === 'grant' }
      const changed = await cli.admin('setBreakGlass', { params: named(words), body })
      cli.result(accountLine(changed.account), changed)
    },
  }
}
