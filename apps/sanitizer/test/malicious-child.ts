import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import sharp from 'sharp'
import { DECODER_FDS } from '../src/children/protocol.ts'
import { readFrame, writeFrame } from '../src/child/stdio.ts'
import { lockDown, readOrder } from '../src/sandbox/lock-down.ts'
import { GREED, type Attack, type AttackRequest, type AttackResult, type Targets } from './attacks.ts'

/**
 * A decoder that behaves until it is warm and locked down, and then does what an attacker would. At levels A and B as
 * native code, which calls the C library; at the others as JavaScript, which is more than WebAssembly can call.
 */

const MANY = 1_000
const [AF_UNIX, AF_INET, SOCK_STREAM] = [1, 2, 1]
const PTRACE_ATTACH = 16
const SIGCONT = 18
const CLONE_NEWUSER = 0x10000000
const IO_URING_SETUP = 425
const [PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS] = [3, 0x22]

type Native = (targets: Targets, call: (name: string, ...args: unknown[]) => Promise<number>) => Promise<number>

function unixAddress(path: string): Buffer {
  const address = Buffer.alloc(110)
  address.writeUInt16LE(AF_UNIX, 0)
  address.write(path, 2)
  return address
}

function tcpAddress(port: number): Buffer {
  const address = Buffer.alloc(16)
  address.writeUInt16LE(AF_INET, 0)
  address.writeUInt16BE(port, 2)
  address.writeUInt32BE(0x7f000001, 4)
  return address
}

const open =
  (path: string): Native =>
  (_targets, call) =>
    call('open', path, 0, 0)
const connectTo =
  (family: number, address: (targets: Targets) => Buffer): Native =>
  async (targets, call) => {
    const socket = await call('socket', family, SOCK_STREAM, 0)
    const bytes = address(targets)
    return socket < 0 ? socket : call('connect', socket, bytes, bytes.length)
  }

const NATIVE: Readonly<Record<Attack, Native>> = {
  'read /etc/passwd': open('/etc/passwd'),
  'read the quarantine': ({ secretFile }, call) => call('open', secretFile, 0, 0),
  'read the environment of its parent': ({ parentPid }, call) => call('open', `/proc/${parentPid}/environ`, 0, 0),
  'write a file': ({ openDir }, call) => call('open', `${openDir}/written`, 0o101, 0o600),
  'connect over TCP': connectTo(AF_INET, ({ port }) => tcpAddress(port)),
  'connect to the socket of the sanitizer': connectTo(AF_UNIX, ({ sanitizerSocket }) => unixAddress(sanitizerSocket)),
  'connect to the socket of PostgreSQL': connectTo(AF_UNIX, ({ postgresSocket }) => unixAddress(postgresSocket)),
  'start a process': async (_targets, call) => {
    const pid = await call('fork')
    if (pid === 0) process.kill(process.pid, 'SIGKILL')
    return pid
  },
  'run a program': (_targets, call) => call('execv', '/bin/true', null),
  'trace its parent': ({ parentPid }, call) => call('ptrace', PTRACE_ATTACH, parentPid, 0, 0),
  'signal its parent': ({ parentPid }, call) => call('kill', parentPid, SIGCONT),
  'make namespaces': (_targets, call) => call('unshare', CLONE_NEWUSER),
  'use io_uring': (_targets, call) => call('syscall', IO_URING_SETUP, 8, Buffer.alloc(120)),
  'open a thousand files': async (_targets, call) => {
    let last = 0
    for (let count = 0; count < MANY && last >= 0; count++) last = await call('eventfd', 0, 0)
    return last
  },
  'take 10 GiB of memory': (_targets, call) =>
    call('mmap', null, 10 * 2 ** 30, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0),
}

/** The C library's functions, by what each argument is. */
async function nativeCalls(thread: AttackRequest['thread']) {
  const { default: koffi } = await import('koffi')
  const libc = koffi.load(null)
  const typeOf = (value: unknown) => (typeof value === 'number' ? 'long' : typeof value === 'string' ? 'str' : 'void *')
  return (name: string, ...args: unknown[]): Promise<number> =>
    new Promise((resolve) => {
      const call = libc.func(name, 'long', args.map(typeOf))
      // The C library's `int` is the low half of the register.
      const settle = (result: number) => resolve((result | 0) === -1 ? -koffi.errno() : result)
      if (thread === 'main') settle(call(...args) as number)
      else call.async(...args, (_error: unknown, result: number) => settle(result))
    })
}

async function attackNatively({ attack, thread, targets }: AttackRequest): Promise<AttackResult> {
  const result = await NATIVE[attack](targets, await nativeCalls(thread))
  if (result >= 0) return 'possible'
  return Object.entries(constants.errno).find(([, number]) => number === -result)?.[0] ?? `error ${-result}`
}

const dialing = async (socket: ReturnType<typeof connect>) => {
  await once(socket, 'connect')
  socket.destroy()
}
const running = (command: string) => {
  const { error } = spawnSync(command)
  if (error !== undefined) throw error
}

const SCRIPTED: Readonly<Record<Attack, (targets: Targets) => unknown>> = {
  'read /etc/passwd': () => readFileSync('/etc/passwd'),
  'read the quarantine': ({ secretFile }) => readFileSync(secretFile),
  'read the environment of its parent': ({ parentPid }) => readFileSync(`/proc/${parentPid}/environ`),
  'write a file': ({ openDir }) => writeFileSync(`${openDir}/written`, ''),
  'connect over TCP': ({ port }) => dialing(connect(port, '127.0.0.1')),
  'connect to the socket of the sanitizer': ({ sanitizerSocket }) => dialing(connect(sanitizerSocket)),
  'connect to the socket of PostgreSQL': ({ postgresSocket }) => dialing(connect(postgresSocket)),
  'start a process': () => running(process.execPath),
  'run a program': () => running('/bin/true'),
  'trace its parent': () => process.dlopen({ exports: {} }, fileURLToPath(import.meta.url)),
  'signal its parent': ({ parentPid }) => process.kill(parentPid, 0),
  'make namespaces': () => running('/usr/bin/unshare'),
  'use io_uring': () => process.dlopen({ exports: {} }, fileURLToPath(import.meta.url)),
  'open a thousand files': () => {
    const opened: number[] = []
    try {
      for (let count = 0; count < MANY; count++) opened.push(openSync(fileURLToPath(import.meta.url), 'r'))
    } finally {
      for (const fd of opened) closeSync(fd)
    }
  },
  'take 10 GiB of memory': () => new ArrayBuffer(10 * 2 ** 30),
}

async function attackScripted({ attack, targets }: Pick<AttackRequest, 'attack' | 'targets'>): Promise<AttackResult> {
  try {
    await SCRIPTED[attack](targets)
    return 'possible'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

async function attackInWorker(request: AttackRequest): Promise<AttackResult> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: request })
  const [result] = (await once(worker, 'message')) as [AttackResult]
  await worker.terminate()
  return result
}

function eatMemory(): never {
  const eaten: Buffer[] = []
  const silence = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    eaten.push(Buffer.alloc(8 * 1024 * 1024, 1))
    Atomics.wait(silence, 0, 0, 2)
  }
}

async function serve(): Promise<void> {
  const isNative = ['A', 'B'].includes(readOrder()?.level ?? '')
  // Warm, as an honest one is: codecs and, for the attacker's convenience, a way to call anything.
  await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  if (isNative) await nativeCalls('main')
  const hello = { sharp: '', libvips: '', accepted: {}, refused: {}, sandbox: await lockDown() }
  writeFrame(DECODER_FDS.answers, Buffer.from(JSON.stringify(hello)))
  for (let frame = readFrame(DECODER_FDS.requests); frame; frame = readFrame(DECODER_FDS.requests)) {
    const request = JSON.parse(frame.toString()) as AttackRequest | typeof GREED
    if (request === GREED) eatMemory()
    const result = isNative
      ? await attackNatively(request)
      : await (request.thread === 'main' ? attackScripted(request) : attackInWorker(request))
    writeFrame(DECODER_FDS.answers, Buffer.from(result))
  }
}

if (isMainThread) await serve()
else parentPort?.postMessage(await attackScripted(workerData as AttackRequest))
