import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { ConfigError, commonConfig, loadConfig, paths } from '@drawbridge/runtime'
import * as z from 'zod'
import { claimedUserOf } from './claimed-user.ts'
import { createAdminClient, rehearsed } from './admin-client.ts'
import { type Cli, EXIT, Refused, Unproved, UsageError } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { commandsUnder, findCommand, helpFor, helpForAll } from './help.ts'
import { visible } from './visible.ts'

// Whoever reads may have seen enough, as `head` does: then there is nobody left to tell anything.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done)
    throw error
  })
}
process.exitCode = await main(process.argv.slice(2))

/** Finds the command, runs it and turns its outcome into an exit code: see `EXIT`. */
async function main(argv: readonly string[]): Promise<number> {
  const wantsHelp = argv.length === 0 || argv[0] === 'help' || argv.includes('--help') || argv.includes('-h')
  const isJson = argv.includes('--json')
  const words = argv.filter((word) => word !== '--json' && word !== '--help' && word !== '-h')
  const found = findCommand(COMMANDS, words[0] === 'help' ? words.slice(1) : words)
  const isDryRun = found?.command.hasDryRun === true && words.includes('--dry-run')
  if (wantsHelp) {
    process.stdout.write(found ? helpFor(found.command) : helpForAll(commandsUnder(COMMANDS, words)))
    return argv.length === 0 ? EXIT.usage : EXIT.done
  }
  if (found === undefined) {
    process.stderr.write(`There is no command "${words.slice(0, 2).join(' ')}"; drawbridge --help lists them.\n`)
    return EXIT.usage
  }
  try {
    const cli = createCli(isJson, isDryRun)
    await found.command.run(isDryRun ? found.args.filter((word) => word !== '--dry-run') : found.args, cli)
    if (isDryRun) cli.note('Nothing was changed (--dry-run).')
    return EXIT.done
  } catch (error) {
    return report(error, isJson, helpFor(found.command))
  }
}

function createCli(isJson: boolean, isDryRun: boolean): Cli {
  const { common } = loadConfig(z.object({ common: commonConfig }), { env: process.env })
  const at = paths(common.dataDir)
  const admin = createAdminClient(at.adminSocket, { claimedUser: claimedUserOf(process.env) })
  return {
    config: common,
    paths: at,
    env: process.env,
    admin: isDryRun ? rehearsed(admin) : admin,
    isJson,
    result: (lines, value) => print(isJson ? JSON.stringify(value) : visible([lines].flat().join('\n'))),
    document: (text, value) => print(isJson ? JSON.stringify(value) : text),
    row: (line, value) => print(isJson ? JSON.stringify(value) : visible(line)),
    progress: (text) => {
      // Where the results themselves are looked at, they are progress enough.
      if (process.stderr.isTTY && !process.stdout.isTTY) process.stderr.write(`\r\u001b[K${text}`)
    },
    note: (line) => void process.stderr.write(`${visible(line)}\n`),
    readStdin: () => text(process.stdin),
    // npm runs scripts in the package's directory and tells in INIT_CWD where it was called.
    resolvePath: (path) => resolve(process.env['INIT_CWD'] ?? '.', path),
  }
}

function print(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`)
}

function report(error: unknown, isJson: boolean, usage: string): number {
  const code = error instanceof Refused ? error.code : undefined
  const isUsage = error instanceof UsageError || isParseArgsError(error)
  const message = error instanceof Error ? error.message : String(error)
  if (isJson) process.stderr.write(`${JSON.stringify({ error: message, ...(code !== undefined && { code }) })}\n`)
  else process.stderr.write(`${visible(message)}\n${isUsage ? usage : ''}`)
  const isExpected = isUsage || error instanceof Refused || error instanceof ConfigError
  if (!isExpected && error instanceof Error && process.env['DRAWBRIDGE_LOG_LEVEL'] === 'debug') {
    process.stderr.write(`${error.stack ?? ''}\n`)
  }
  if (error instanceof Unproved) return EXIT.unproved
  return isUsage ? EXIT.usage : EXIT.refused
}

/** node:util's parseArgs throws plain TypeErrors with these codes. */
function isParseArgsError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
