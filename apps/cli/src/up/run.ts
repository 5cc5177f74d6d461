import { join } from 'node:path'
import { migrate, MigrationError, newestMigration, openDatabase } from '@drawbridge/db'
import { migrateJobs } from '@drawbridge/jobs'
import { createDirectories, createLog, createShutdown, readTlsFiles } from '@drawbridge/runtime'
import { parse } from '../arguments.ts'
import { type Cli, Refused } from '../command.ts'
import { awayBecause, untilThere } from './database-wait.ts'
import { createDemo, createFirstAdmin, type Newcomer } from './first-start.ts'
import { takeLock } from './lock.ts'
import { fetcherPart, postgresPart, sanitizerPart, serverPart } from './parts.ts'
import { checkPorts } from './ports.ts'
import { ROOT } from './root.ts'
import { type Running, type Supervised, supervise } from './supervise.ts'
import { restartOnChange } from './watch.ts'
import { buildPage } from './pages.ts'

/** What `drawbridge up` does. Does not return: the process ends through its shutdown. */
export async function runUp(args: string[], cli: Cli): Promise<void> {
  const { values } = parse(args, [], { demo: { type: 'boolean' }, dev: { type: 'boolean' } })
  const { config, paths, env, note } = cli
  // Before anything starts: the server would only find it out after the database.
  readTlsFiles(config)
  const log = createLog({ level: config.logLevel, fields: { process: 'up' } })
  // The server has 20 s to stop, then come the sanitizer and PostgreSQL.
  const shutdown = createShutdown({ log, deadlineMs: 60_000 })
  /** Stops the part at the end, also when the end comes while it is still starting. */
  const keep = async <R extends Running>(name: string, starting: Promise<Supervised<R>>) => {
    shutdown.onShutdown(name, () => starting.then((part) => part.stop()).catch(() => {}))
    return starting
  }
  let followDatabase = () => {}
  try {
    createDirectories(paths)
    const releaseLock = takeLock(paths.lock, paths.data)
    shutdown.onShutdown('lock', releaseLock)
    shutdown.listen()
    await checkPorts(config)
    const building = Promise.all([
      ...(config.webDir === undefined ? [buildPage('web', ROOT, note)] : []),
      ...(config.adminDir === undefined ? [buildPage('admin', ROOT, note)] : []),
    ])
    const startingPostgres =
      config.databaseUrl === undefined
        ? keep('PostgreSQL', supervise(postgresPart(paths, note), { note, onRestart: () => followDatabase() }))
        : Promise.resolve(undefined)
    const startingSanitizer = keep('sanitizer', supervise(sanitizerPart(paths, env), { note }))
    const startingFetcher = config.hasPreviews
      ? keep('fetcher', supervise(fetcherPart(paths, env), { note }))
      : Promise.resolve(undefined)
    // Awaited one after the other: when one fails, nobody listens to the others any more.
    for (const promise of [building, startingSanitizer, startingFetcher]) promise.catch(() => {})
    const postgres = await startingPostgres
    const databaseUrl = () => postgres?.current().url ?? config.databaseUrl ?? ''
    let urlInUse: string | undefined
    const currentUrl = () => (urlInUse = postgres?.current().url)
    const migration = await newestMigration(MIGRATIONS)
    const startServer = () => keep('server', supervise(serverPart(paths, env, currentUrl, migration), { note }))
    // It waits by itself, and takes orders meanwhile that need no database.
    const reason = await awayBecause(databaseUrl())
    const early = reason === undefined ? undefined : startServer()
    early?.catch(() => {})
    if (reason !== undefined) await untilThere({ url: databaseUrl(), reason, note, signal: shutdown.signal })
    await migrateAll(databaseUrl(), config.redisUrl)
    await building
    const sanitizer = await startingSanitizer
    await startingFetcher

    shutdown.signal.throwIfAborted()
    const server = await (early ?? startServer())
    // The server reconnects by itself, unless PostgreSQL came back on another port.
    followDatabase = () => {
      if (postgres?.current().url !== urlInUse) server.restart().catch((error: unknown) => note(String(error)))
    }

    const newcomers = await welcome(cli, databaseUrl(), values.demo === true)
    announce(cli, server.current().addresses, newcomers)
    if (values.dev) shutdown.onShutdown('watch', restartOnChange(ROOT, { server, sanitizer }, note))
  } catch (error) {
    if (shutdown.signal.aborted) return forever()
    cli.note(error instanceof Error ? error.message : String(error))
    await shutdown.stop(1)
  }
  return forever()
}

/** The process ends through its shutdown, not by returning. */
function forever(): Promise<void> {
  return new Promise(() => {})
}

const MIGRATIONS = join(ROOT, 'migrations')
async function migrateAll(url: string, redisUrl: string | undefined): Promise<void> {
  // First, since the server may be waiting for the last of the others.
  if (redisUrl === undefined) await migrateJobs(url).catch(explain)
  await migrate(url, MIGRATIONS).catch(explain)
}

function explain(error: unknown): never {
  if (error instanceof MigrationError) throw error
  const { code, message } = error as NodeJS.ErrnoException
  throw new Refused(
    `The database cannot be used (${message || code || 'unknown reason'}), and waiting would not change that: ` +
      'correct DRAWBRIDGE_DATABASE_URL, or what it names, and start again.',
  )
}

async function welcome(cli: Cli, databaseUrl: string, isDemo: boolean): Promise<Newcomer[]> {
  const first = await createFirstAdmin(cli.admin)
  const newcomers = first === undefined ? [] : [first]
  if (!isDemo) return newcomers
  await using database = openDatabase(databaseUrl, { maxConnections: 1 })
  return [...newcomers, ...(await createDemo(cli.admin, database.db, cli.config.domain))]
}

function announce(cli: Cli, addresses: Readonly<Record<string, string>>, newcomers: readonly Newcomer[]): void {
  const { domain } = cli.config
  const lines = [
    '',
    'Drawbridge is ready.',
    '',
    `  Web     ${addresses['http'] ?? ''}`,
    `  XMPP    ${addresses['c2s'] ?? ''} (STARTTLS), ${addresses['c2sTls'] ?? ''} (direct TLS), domain ${domain}`,
    `  Data    ${cli.paths.data}`,
    '',
  ]
  if (newcomers.length > 0) {
    lines.push('Made just now; these passwords are shown only this once:', '')
    for (const { name, password, isAdmin } of newcomers) {
      lines.push(`  ${`${name}@${domain}`.padEnd(24)} ${password}${isAdmin ? '   (administrator)' : ''}`)
    }
    lines.push('')
  }
  lines.push('Ctrl-C stops everything.')
  cli.result(lines, { ready: true, domain, addresses, newcomers })
}
