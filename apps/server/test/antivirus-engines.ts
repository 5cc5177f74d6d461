import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, connect } from 'node:net'
import type { AddressInfo, NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
const MODULES = '/usr/lib/x86_64-linux-gnu/c_icap'

/** Whether Debian's package with this program is installed. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`], { env: { PATH } }).status === 0
}

export interface Engine extends AsyncDisposable {
  readonly address: string
  stop(): Promise<void>
}

/** A real `clamd` whose database holds these signatures, by name: texts that a file must not contain. */
export async function startClamd(signatures: Readonly<Record<string, string>>, at?: string): Promise<Engine> {
  const directory = at ?? (await mkdtemp(join(tmpdir(), 'clamd-')))
  const database = join(directory, 'db')
  const socket = join(directory, 'clamd.ctl')
  await mkdir(database, { recursive: true })
  const lines = Object.entries(signatures).map(([name, text]) => `${name}:0:*:${Buffer.from(text).toString('hex')}\n`)
  await writeFile(join(database, 'test.ndb'), lines.join(''))
  const settings = {
    Foreground: 'yes',
    DatabaseDirectory: database,
    LocalSocket: socket,
    TemporaryDirectory: directory,
  }
  const config = join(directory, 'clamd.conf')
  await writeFile(
    config,
    Object.entries({ ...settings, StreamMaxLength: '1M' }).map(([key, value]) => `${key} ${value}\n`),
  )
  const child = spawn('clamd', [`--config-file=${config}`], { env: { PATH }, stdio: 'ignore' })
  const exited = once(child, 'exit')
  // What it prints waits in a buffer until it ends: there is no other event than that somebody answers.
  while (!(await answers({ path: socket })) && child.exitCode === null) await wait(20)
  if (child.exitCode !== null) throw new Error('clamd did not start')
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    address: `clamd://${socket}`,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A real ICAP server with the service that sends back what it gets. */
export async function startIcap(): Promise<Engine> {
  const directory = await mkdtemp(join(tmpdir(), 'icap-'))
  const port = await freePort()
  const config = join(directory, 'c-icap.conf')
  const settings = [
    `PidFile ${directory}/pid`,
    `CommandsSocket ${directory}/ctl`,
    `Port 127.0.0.1:${port}`,
    `TmpDir ${directory}`,
    `ModulesDir ${MODULES}`,
    `ServicesDir ${MODULES}`,
    'LoadMagicFile /etc/c-icap/c-icap.magic',
    `ServerLog ${directory}/server.log`,
    `AccessLog ${directory}/access.log`,
    'StartServers 1',
    'MaxServers 1',
    'Service echo srv_echo.so',
  ]
  await writeFile(config, settings.join('\n'))
  const child = spawn('c-icap', ['-N', '-f', config], { env: { PATH }, stdio: 'ignore' })
  const exited = once(child, 'exit')
  while (!(await answers({ host: '127.0.0.1', port })) && child.exitCode === null) await wait(20)
  if (child.exitCode !== null) throw new Error('c-icap did not start')
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return {
    address: `icap://127.0.0.1:${port}/echo`,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(where: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(where)
    socket.once('connect', () => socket.end(() => resolve(true)))
    socket.once('error', () => resolve(false))
  })
}
