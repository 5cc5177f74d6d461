// What `npm start`, `npm test` and `npm run drawbridge` run: installs the pinned tools and dependencies where they are
// missing, then hands over to the pinned Node. Plain JavaScript on Node's own modules: nothing is installed yet.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const TOOLS = join(ROOT, '.cache', 'tools')
const MODULES = join(ROOT, 'node_modules')
const STAMP = join(MODULES, '.drawbridge-installed')

/** First Node that runs TypeScript without a flag or a warning. */
const OLDEST_NODE = [24, 12]

const TARGETS = {
  up: [join(ROOT, 'apps/cli/src/main.ts'), 'up'],
  dev: [join(ROOT, 'apps/cli/src/main.ts'), 'up', '--dev'],
  cli: [join(ROOT, 'apps/cli/src/main.ts')],
  test: [join(ROOT, 'infra/dev/test.ts')],
  nightly: [join(ROOT, 'infra/dev/nightly.ts')],
}

class Sentence extends Error {}

try {
  const [mode = 'up', ...args] = process.argv.slice(2)
  const target = TARGETS[mode]
  if (!target) throw new Sentence(`Unknown mode "${mode}": use one of ${Object.keys(TARGETS).join(', ')}.`)
  const key = dependencyKey()
  if (!isInstalled(key)) install(key)
  run(pinnedNode(), [...target, ...args], mode)
} catch (error) {
  if (!(error instanceof Sentence)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** Changes whenever another set of packages is asked for, and with the platform they were chosen for. */
function dependencyKey() {
  const manifests = ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => join(folder, name, 'package.json')),
  )
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const file of [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    'e2e/package.json',
    ...manifests.sort((a, b) => (a < b ? -1 : 1)),
  ]) {
    if (existsSync(join(ROOT, file))) hash.update(file).update(readFileSync(join(ROOT, file)))
  }
  return hash.digest('hex')
}

function isInstalled(key) {
  // A stray `npm install` rebuilds node_modules in its own way and leaves its own lockfile there.
  if (existsSync(join(MODULES, '.package-lock.json'))) return false
  try {
    return readFileSync(STAMP, 'utf8') === key
  } catch {
    return false
  }
}

function install(key) {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const version = packageManager.split('@')[1]
  try {
    accessSync(ROOT, constants.W_OK)
    mkdirSync(TOOLS, { recursive: true })
  } catch {
    throw new Sentence(
      `Dependencies must be installed, but this account may not write to ${ROOT}: run this once as the account that owns it.`,
    )
  }
  installPnpm(version)
  say('Installing dependencies (the first time takes a minute or two) …')
  rmSync(STAMP, { force: true })
  rmSync(join(MODULES, '.package-lock.json'), { force: true })
  const pnpm = join(TOOLS, 'node_modules/pnpm/bin/pnpm.mjs')
  // CI=true: never ask a question, for instance whether a foreign node_modules may be replaced.
  const env = { ...process.env, CI: 'true' }
  must('install the dependencies', [pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'], env)
  writeFileSync(STAMP, key)
  say('Dependencies are installed.')
}

function installPnpm(version) {
  try {
    const { version: present } = JSON.parse(readFileSync(join(TOOLS, 'node_modules/pnpm/package.json'), 'utf8'))
    if (present === version) return
  } catch {
    // Not there yet.
  }
  say(`Fetching pnpm ${version} …`)
  const flags = ['--no-audit', '--no-fund', '--no-save', '--no-package-lock', '--ignore-scripts']
  // npm run sets npm_config_* for its own call; a prefix or a dry run among them must not reach this one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_config_(prefix|local_prefix|global|dry_run)$/i.test(name)),
  )
  must(`fetch pnpm ${version}`, [npmCli(), 'install', '--prefix', TOOLS, ...flags, `pnpm@${version}`], env)
}

/** npm's own script, so that it runs on this Node and needs no shell; the bare command where it cannot be found. */
function npmCli() {
  const { npm_execpath: running } = process.env
  if (running && /npm-cli\.c?js$/.test(running)) return running
  const beside = join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm/bin/npm-cli.js')
  return existsSync(beside) ? beside : undefined
}

/** Runs one step silently; on failure its output explains, boiled down to a sentence. */
function must(what, [script, ...args], env) {
  const command = script === undefined ? 'npm' : process.execPath
  const result = spawnSync(command, script === undefined ? args : [script, ...args], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (result.status === 0) return
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`
  const log = join(ROOT, '.cache', 'bootstrap.log')
  try {
    writeFileSync(log, output)
  } catch {
    // The sentence has to do.
  }
  throw new Sentence(`Could not ${what}: ${cause(output)} (details in ${log}).`)
}

function cause(output) {
  if (/ENOSPC|No space left/i.test(output)) return 'the disk is full'
  if (/EACCES|EPERM|EROFS|Permission denied/i.test(output)) return 'this account may not write where packages are kept'
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET|dns error|network|connect|fetch failed/i.test(
      output,
    )
  ) {
    return 'the package registry cannot be reached, and the network is needed once'
  }
  return output.trim().split('\n').at(-1) || 'no reason given'
}

/** The Node of the lockfile; where it has none for this platform, this process's own if it is new enough. */
function pinnedNode() {
  for (const path of [join(MODULES, '.bin/node'), join(MODULES, `node-${process.platform}-${process.arch}/bin/node`)]) {
    if (existsSync(path)) return realpathSync(path)
  }
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return process.execPath
  throw new Sentence(
    `There is no packaged Node for ${process.platform}-${process.arch}, and this one is ${process.versions.node}: install Node ${OLDEST_NODE.join('.')} or newer.`,
  )
}

/** Hands over: signals go on to the child, its exit code comes back. */
function run(node, args, mode) {
  const child = spawn(node, args, {
    cwd: mode === 'cli' ? process.cwd() : ROOT,
    env: {
      ...process.env,
      PATH: `${dirname(node)}:${process.env.PATH ?? ''}`,
      // Nothing is built: without it each start strips and compiles a thousand files anew.
      NODE_COMPILE_CACHE: join(ROOT, '.cache', 'node'),
    },
    // Over the channel a child notices that this process was killed, and stops as well.
    stdio: ['inherit', 'inherit', 'inherit', ...(mode === 'up' || mode === 'dev' ? ['ipc'] : [])],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`The pinned Node does not start on this machine: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    child.channel?.unref()
    process.exitCode = code ?? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0)
  })
}

function say(line) {
  process.stderr.write(`${line}\n`)
}
