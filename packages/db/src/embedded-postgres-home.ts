import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-owner.ts'

/** Who runs PostgreSQL, from where, on what. */
export interface Home {
  /** Folder of `postgres` and `initdb`. */
  readonly binaries: string
  /** Folder of the cluster and of our files beside it. */
  readonly data: string
  /** Set when we are root: PostgreSQL refuses to run as root. */
  readonly account?: Account
  readonly notice?: string
}

interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Where both go that another account cannot reach otherwise. */
const SHELTER = '/var/lib/drawbridge'

/** Finds binaries, account and a place for the data that this account can reach. Makes the folder of the data. */
export async function findHome(directory: string): Promise<Home> {
  const { binaries, version } = findBinaries()
  if (process.getuid?.() !== 0) {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return { binaries, data: directory }
  }
  const { data, account } = await findData(directory)
  const reachable = canRun(binaries, account) ? binaries : await copyBinaries(binaries, version, account)
  const moved = [data !== directory && `data in ${data}`, reachable !== binaries && `programs in ${reachable}`]
  const notice = moved.filter((what) => what !== false).join(' and ')
  const because = `because account ${account.name}, as which it runs, cannot enter the usual place`
  return {
    binaries: reachable,
    data,
    account,
    ...(notice !== '' && { notice: `PostgreSQL has its ${notice}, ${because}.` }),
  }
}

function findBinaries(): { binaries: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // A dependency of embedded-postgres, not of ours: resolved from there, without running its code.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = dirname(dirname(require.resolve(name)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { binaries: join(root, 'native', 'bin'), version }
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `there is no PostgreSQL for ${process.platform}-${process.arch} here; set DRAWBRIDGE_DATABASE_URL to one of your own`,
      { cause },
    )
  }
}

/** Holds the place of the data, where that is elsewhere. */
const POINTER = 'moved-to'

async function findData(directory: string): Promise<{ data: string; account: Account }> {
  const moved = await readFile(join(directory, POINTER), 'utf8').catch(() => undefined)
  const account = (await ownerOf(moved ?? directory)) ?? findAccount()
  if (moved === undefined && (await canHold(directory, account))) return { data: directory, account }
  const shelter = moved ?? join(SHELTER, createHash('sha256').update(directory).digest('hex').slice(0, 16))
  // Nothing points to what may lie there: the data that it belonged to is gone, and must not come back with the next.
  if (moved === undefined && existsSync(shelter)) await rename(shelter, `${shelter}.${Date.now()}`)
  if (!(await canHold(shelter, account))) {
    throw new EmbeddedPostgresError(
      `PostgreSQL cannot run as root, and account ${account.name} cannot enter ${shelter}`,
    )
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(join(directory, POINTER), shelter)
  return { data: shelter, account }
}

/** The account that has the cluster already: nobody else may run it. */
async function ownerOf(directory: string): Promise<Account | undefined> {
  const found = await stat(join(directory, 'cluster')).catch(() => undefined)
  if (!found || found.uid === 0) return undefined
  const { uid, gid } = found
  return [...readAccounts().values()].find((account) => account.uid === uid) ?? { name: String(uid), uid, gid }
}

function findAccount(): Account {
  const accounts = readAccounts()
  const found = accounts.get('postgres') ?? accounts.get('drawbridge')
  if (found) return found
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'drawbridge'], {
      stdio: 'ignore',
    })
  } catch {
    // No useradd, or a read-only /etc: nobody is still better than root.
  }
  const made = readAccounts().get('drawbridge') ?? accounts.get('nobody')
  if (!made)
    throw new EmbeddedPostgresError('PostgreSQL cannot run as root, and there is no other account to run it as')
  return made
}

function readAccounts(): Map<string, Account> {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  return new Map(
    lines.flatMap((line) => {
      const [name, , uid, gid] = line.split(':')
      return name && uid && gid ? [[name, { name, uid: Number(uid), gid: Number(gid) }] as const] : []
    }),
  )
}

/** Makes the folder and tells whether the account can enter it. Leaves no empty folder behind where it cannot. */
async function canHold(directory: string, { uid, gid }: Account): Promise<boolean> {
  const first = await mkdir(directory, { recursive: true, mode: 0o711 })
  await chown(directory, uid, gid)
  if (directory.startsWith(`${SHELTER}/`)) await chmod(SHELTER, 0o711)
  const canEnter = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], { uid, gid, cwd: '/' }).status === 0
  if (!canEnter && first !== undefined) await rm(first, { recursive: true })
  return canEnter
}

function canRun(binaries: string, { uid, gid }: Account): boolean {
  return spawnSync(join(binaries, 'postgres'), ['--version'], { uid, gid, cwd: '/', env: {} }).status === 0
}

async function copyBinaries(binaries: string, version: string, account: Account): Promise<string> {
  const target = join(SHELTER, `postgresql-${version}`)
  const copied = join(target, 'bin')
  if (existsSync(target) && canRun(copied, account)) return copied
  const draft = `${target}.${process.pid}`
  await cp(dirname(binaries), draft, { recursive: true, verbatimSymlinks: true })
  await rm(target, { recursive: true, force: true })
  await rename(draft, target)
  if (!canRun(copied, account))
    throw new EmbeddedPostgresError(`account ${account.name} cannot run the programs in ${copied}`)
  return copied
}
