import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { xml } from '@drawbridge/xmpp'
import { startStack } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'
import { heapBytes, PROBED } from './heap.ts'

const START_MS = 30_000
export const PASSWORD = 'heavy-lifting-99'
export const ROOM = 'load@rooms.localhost'

/** A server under load: where it listens, and the processes whose time counts. */
export interface LoadedServer extends AsyncDisposable {
  readonly port: number
  readonly pids: readonly number[]
  /** Who signs in by generator: `u0` to `u(n - 1)` have to be there. */
  accounts(count: number): Promise<void>
  /** Collects its garbage and says how many bytes are left, where it can. */
  heapBytes?(): Promise<number>
}

export interface Contender {
  readonly name: string
  /** What its archive is, where it is not what ours is. */
  readonly note: string
  /** A reason why it cannot take part, or nothing. */
  missing(): string | undefined
  start(
    directory: string,
    hasArchive: boolean,
    register: (port: number, first: number, count: number) => Promise<void>,
  ): Promise<LoadedServer>
}

const hasCommand = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0

/** Ours, without limits of rate; settings beside those. */
export async function startDrawbridge(env: Readonly<Record<string, string>> = {}): Promise<LoadedServer> {
  const stack = await startStack({
    env: {
      DRAWBRIDGE_ALLOW_PLAINTEXT: 'true',
      DRAWBRIDGE_STREAM_MAX_STANZAS_PER_SECOND: '1000000',
      DRAWBRIDGE_STREAM_MAX_CONNECTIONS_PER_ADDRESS: '20000',
      DRAWBRIDGE_ROOM_PROFILE: 'open',
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} ${PROBED}`,
      ...env,
    },
  })
  const owner = await stack.account('owner')
  const client = await connectClient({ port: stack.c2sPort, ...owner })
  await makeRoom(client)
  let made = 0
  return {
    port: stack.c2sPort,
    pids: [stack.pidOf('server')],
    heapBytes: () => heapBytes(stack.pidOf('server')),
    async accounts(count) {
      if (count <= made) return
      const rows = Array.from({ length: count - made }, (_, index) => `u${made + index},${PASSWORD}`)
      const file = join(stack.dataDir, 'load.csv')
      writeFileSync(file, `name,password\n${rows.join('\n')}\n`)
      await stack.cli('account', 'import', file)
      made = count
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await stack[Symbol.asyncDispose]()
    },
  }
}

/** Ours, and the peers that Debian has. All speak plain TCP on loopback, without limits of rate. */
export const CONTENDERS: readonly Contender[] = [
  {
    name: 'Drawbridge',
    note: 'PostgreSQL, every message committed and flushed before it is delivered',
    missing: () => undefined,
    start: () => startDrawbridge(),
  },
  {
    name: 'ejabberd',
    note: 'Mnesia on disk, written later',
    missing: () => (hasCommand('ejabberdctl') ? undefined : 'not installed'),
    async start(directory, hasArchive, register) {
      const port = await freePort()
      mkdirSync(directory, { recursive: true })
      const config = join(directory, 'ejabberd.yml')
      writeFileSync(config, ejabberdConfig(port, hasArchive))
      const child = spawn(
        'erl',
        ['-noinput', '+S', '1', '-mnesia', 'dir', JSON.stringify(join(directory, 'db')), '-s', 'ejabberd'],
        {
          env: {
            ...process.env,
            ERL_LIBS: '/usr/lib/x86_64-linux-gnu',
            EJABBERD_CONFIG_PATH: config,
            EJABBERD_LOG_PATH: join(directory, 'ejabberd.log'),
          },
          stdio: 'ignore',
        },
      )
      return running(child, port, register)
    },
  },
  {
    name: 'Prosody',
    note: 'a file per account, written later',
    missing: () => (hasCommand('prosody') ? undefined : 'not installed'),
    async start(directory, hasArchive, register) {
      const port = await freePort()
      mkdirSync(directory, { recursive: true })
      const config = join(directory, 'prosody.cfg.lua')
      writeFileSync(config, prosodyConfig(port, directory, hasArchive))
      const child = spawn('prosody', ['--config', config, '-F'], { stdio: 'ignore' })
      return running(child, port, register)
    },
  },
]

async function running(
  child: ChildProcess,
  port: number,
  register: (port: number, first: number, count: number) => Promise<void>,
): Promise<LoadedServer> {
  await listening(port)
  let made = 0
  return {
    port,
    pids: treeOf(child.pid ?? 0),
    async accounts(count) {
      if (count <= made) return
      await register(port, made, count - made)
      made = count
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await Promise.race([ended, wait(5_000)])
      if (child.exitCode === null) child.kill('SIGKILL')
    },
  }
}

/** A process and everything it started. */
function treeOf(pid: number): number[] {
  const parents = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1)?.split(' ')
      return [[Number(name), Number(fields?.[1])] as const]
    } catch {
      return []
    }
  })
  const children = parents.flatMap(([child, parent]) => (parent === pid ? treeOf(child) : []))
  return [pid, ...children]
}

async function makeRoom(client: Awaited<ReturnType<typeof connectClient>>): Promise<void> {
  client.send(`<presence to='${ROOM}/owner'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
  // §10.1.2: an instant room, open to whoever comes.
  const form = xml('x', { xmlns: 'jabber:x:data', type: 'submit' })
  await client.ask('set', xml('query', { xmlns: 'http://jabber.org/protocol/muc#owner' }, form), ROOM)
}

async function listening(port: number): Promise<void> {
  const until = Date.now() + START_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (Date.now() > until) throw error
      await wait(100)
    } finally {
      socket.destroy()
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function ejabberdConfig(port: number, hasArchive: boolean): string {
  return `hosts: [localhost]
loglevel: error
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false, shaper: none, access: all}
modules:
  mod_disco: {}
  mod_caps: {}
  mod_roster: {}
  mod_carboncopy: {}
  mod_stream_mgmt: {}
  mod_pubsub: {plugins: [flat, pep]}
  mod_register: {ip_access: all, access: all}
  mod_muc: {host: rooms.localhost, max_users: 5000, default_room_options: {mam: false}}
${hasArchive ? '  mod_mam: {default: always, assume_mam_usage: true}\n' : ''}`
}

function prosodyConfig(port: number, directory: string, hasArchive: boolean): string {
  return `run_as_root = true
pidfile = "${directory}/prosody.pid"
data_path = "${directory}/data"
log = { error = "${directory}/prosody.log" }
network_backend = "epoll"
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = {}
https_ports = {}
modules_enabled = { "roster", "saslauth", "disco", "carbons", "pep", "smacks", "register"${hasArchive ? ', "mam"' : ''} }
modules_disabled = { "s2s", "limits" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
allow_registration = true
authentication = "internal_plain"
default_archive_policy = true
VirtualHost "localhost"
Component "rooms.localhost" "muc"
  muc_room_locking = false
`
}
