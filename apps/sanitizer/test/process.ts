import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { CleanImage, ImageProfile, Sanitize } from '@drawbridge/contract'
import { createSanitize, isReadyMessage, loadConfig, SANITIZER_NODE_FLAGS, silentLog } from '@drawbridge/runtime'
import { createLauncher, type Launch } from '../src/children/launch.ts'
import type { SanitizerHealth } from '../src/health.ts'
import { sandboxAt } from '../src/sandbox/choose.ts'
import { sanitizerConfig } from '../src/sanitizer.config.ts'
import { startSanitizer, type Sanitizer } from '../src/server.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** One child per stage unless a test asks for more: starting them is most of what these tests cost. */
const ONE_CHILD = { DRAWBRIDGE_SANITIZER_CHILDREN: '1', DRAWBRIDGE_SANITIZER_SPARE: '0' }

export interface SanitizerProcess extends AsyncDisposable {
  readonly process: ChildProcess
  readonly socket: string
  readonly sanitize: Sanitize
  /** Milliseconds from spawn to ready. */
  readonly startMs: number
  /** Process ids of the children that live now. */
  childPids(): number[]
  health(): Promise<SanitizerHealth>
}

/** A socket path in a directory of its own. */
export async function temporarySocket(): Promise<{ socket: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-test-'))
  return {
    socket: join(directory, 'sanitizer.sock'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

/**
 * Starts `main.ts` and waits until it is ready. Throws with what it wrote when it ends instead.
 *
 * @param wrapper - a command that starts it, such as `taskset` with its arguments.
 */
export async function startProcess(
  socket: string,
  settings: Record<string, string> = {},
  wrapper: readonly string[] = [],
): Promise<SanitizerProcess> {
  const startedAt = performance.now()
  const [command = process.execPath, ...args] = [...wrapper, process.execPath, ...SANITIZER_NODE_FLAGS, MAIN]
  const child = spawn(command, args, {
    env: { ...ONE_CHILD, ...settings, DRAWBRIDGE_SANITIZER_SOCKET: socket },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const exited = once(child, 'exit')
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => void (errors += chunk.toString()))
  const isReady = await new Promise<boolean>((resolve) => {
    child.on('message', (message) => isReadyMessage(message) && resolve(true))
    void exited.then(() => resolve(false))
  })
  if (!isReady) throw new Error(errors)
  return {
    process: child,
    socket,
    sanitize: createSanitize(socket),
    startMs: performance.now() - startedAt,
    childPids: () =>
      readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    health: async () => JSON.parse((await get(socket, '/health')).body) as SanitizerHealth,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await exited
    },
  }
}

/** One plain HTTP request over the socket. */
export async function get(
  socketPath: string,
  path: string,
  { method = 'GET', body = new Uint8Array() as Uint8Array } = {},
): Promise<{ status: number; type: string | undefined; body: string }> {
  const call = request({ socketPath, path, method, headers: { 'content-length': body.length } })
  call.on('error', () => {})
  call.end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, type: response.headers['content-type'], body: await text(response) }
}

/** Honest children without a kernel sandbox: they start fastest, where what is tested is the parent. */
export function plainLauncher(emptyDir: string): Launch {
  return createLauncher({ level: 'D', emptyDir })
}

/** The sanitizer inside this process, with children of the test's choice. */
export async function startInProcess(settings: Record<string, string>, launch?: Launch): Promise<Sanitizer> {
  const place = await temporarySocket()
  const config = loadConfig(sanitizerConfig, {
    env: { ...ONE_CHILD, ...settings, DRAWBRIDGE_SANITIZER_SOCKET: place.socket },
  })
  // Children that lie do not lock themselves down first: what is tested then is the parent.
  const plain = launch && sandboxAt({ level: 'D', emptyDir: `${place.socket}.empty` })
  const sanitizer = await startSanitizer(config, {
    log: silentLog,
    ...(plain && { sandbox: { ...plain, launch, faultsOf: () => [] } }),
  })
  return {
    socket: sanitizer.socket,
    sanitize: sanitizer.sanitize,
    get pids() {
      return sanitizer.pids
    },
    async [Symbol.asyncDispose]() {
      await sanitizer[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

/** What the sanitizer makes of an image that it has to let in. */
export async function cleanedBy(
  { sanitize }: Pick<Sanitizer, 'sanitize'>,
  bytes: Uint8Array,
  profile: ImageProfile = 'image',
): Promise<CleanImage> {
  const verdict = await sanitize(bytes, profile)
  if (verdict.outcome !== 'clean') throw new Error(`not clean: ${JSON.stringify(verdict)}`)
  return verdict
}
