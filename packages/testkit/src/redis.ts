import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const PROGRAM = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((path) => existsSync(path))

/** Whether this machine has a Redis to start. */
export const hasRedis = PROGRAM !== undefined

/** A Redis of its own. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string
  /** Kills it without a word, or loses what it held, and starts it again at the same address. */
  restart(how: 'keep' | 'lose'): Promise<void>
}

/** Starts a Redis on a free port, with its files in a temporary directory. @throws Error where there is none. */
export async function startTestRedis(): Promise<TestRedis> {
  if (PROGRAM === undefined) throw new Error('redis-server is not installed')
  const program = PROGRAM
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-redis-'))
  const port = 20_000 + Math.floor(Math.random() * 12_000)

  async function start() {
    const options = { port, bind: '127.0.0.1', dir: directory, appendonly: 'yes', 'maxmemory-policy': 'noeviction' }
    const args = Object.entries({ ...options, save: '' }).flatMap(([key, value]) => [`--${key}`, String(value)])
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const isReady = await new Promise<boolean>((settle) => {
      createInterface(child.stdout).on('line', (line) => line.includes('Ready to accept connections') && settle(true))
      child.once('exit', () => settle(false))
    })
    if (!isReady) throw new Error(`redis-server does not start on port ${port}`)
    return child
  }
  let child = await start()
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async restart(how) {
      await kill()
      if (how === 'lose') await rm(join(directory, 'appendonlydir'), { recursive: true, force: true })
      child = await start()
    },
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
