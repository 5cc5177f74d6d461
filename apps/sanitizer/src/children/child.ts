import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import type { ChildHandle } from './launch.ts'
import {
  MAX_DELAYS,
  HEAD_BYTES,
  parseHead,
  type AnswerHead,
  type DecodeRequest,
  type EncodeRequest,
  type Hello,
  type Stage,
} from './protocol.ts'

/** How a child fails at a job. All but `aborted` deserve one retry in a fresh child. */
export type FaultKind = 'crashed' | 'timeout' | 'memory' | 'malformed' | 'aborted'

/** The child gave no usable answer and is dead now. */
export class ChildFault extends Error {
  readonly kind: FaultKind

  constructor(kind: FaultKind, why: string) {
    super(why)
    this.kind = kind
  }
}

export interface JobLimits {
  readonly timeoutMs: number
  readonly maxMemoryBytes: number
  readonly signal: AbortSignal
  /** Checks the head and returns how long the body must be, or undefined when the head cannot be true. */
  readonly bodyBytes: (head: AnswerHead) => number | undefined
}

export interface JobAnswer {
  readonly head: AnswerHead
  readonly body: Buffer
}

const MAX_HELLO_BYTES = 4_096
const MAX_STDERR_BYTES = 2_048
const MEMORY_POLL_MS = 100

const helloSchema = z.object({
  sharp: z.string(),
  libvips: z.string(),
  accepted: z.record(z.string(), z.boolean()),
  refused: z.record(z.string(), z.boolean()),
})

/**
 * One child process. It does one job at a time; whatever goes wrong, the answer is SIGKILL and a `ChildFault`: no other
 * way ends libvips, and none is safe once the child may have been taken over.
 */
export class Child {
  readonly stage: Stage
  readonly #handle: ChildHandle
  readonly #chunks: AsyncIterator<Buffer>
  #left: Buffer = Buffer.alloc(0)
  #stderr = ''
  #fault: ChildFault | undefined
  #isDead = false
  /** Answers given. */
  jobs = 0
  readonly exited: Promise<void>

  constructor(stage: Stage, handle: ChildHandle) {
    this.stage = stage
    this.#handle = handle
    this.#chunks = handle.stdout.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>
    this.exited = new Promise((resolve) => {
      const onEnd = (why: string) => {
        this.#isDead = true
        this.#fault ??= new ChildFault('crashed', why)
        resolve()
      }
      handle.once('exit', (code, signal) => onEnd(`exit code ${code ?? '-'}, signal ${signal ?? '-'}`))
      handle.once('error', (error) => onEnd(error.message))
    })
    // A write to a dead child fails here; its death is noticed by the reader.
    handle.stdin.on('error', () => {})
    handle.stdout.on('error', () => {})
    handle.stderr.on('error', () => {})
    handle.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('latin1')).slice(-MAX_STDERR_BYTES)
    })
  }

  get pid(): number | undefined {
    return this.#handle.pid
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** The last the child wrote to stderr: for the log only. */
  get lastWords(): string {
    return this.#stderr.trim()
  }

  /** Waits until the child is warm. */
  async hello(timeoutMs: number): Promise<Hello> {
    const timer = setTimeout(() => this.kill('timeout', `not ready after ${timeoutMs} ms`), timeoutMs)
    try {
      const length = (await this.#read(4)).readUInt32BE(0)
      if (length > MAX_HELLO_BYTES) throw this.kill('malformed', 'hello too long')
      return helloSchema.parse(JSON.parse((await this.#read(length)).toString()))
    } catch (error) {
      if (error instanceof ChildFault) throw error
      throw this.kill('malformed', `hello not understood: ${String(error)}`)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends one request and reads its answer. @throws ChildFault; the child is dead then. */
  async ask(request: DecodeRequest | EncodeRequest, body: Uint8Array, limits: JobLimits): Promise<JobAnswer> {
    const { timeoutMs, maxMemoryBytes, signal, bodyBytes } = limits
    const abort = () => this.kill('aborted', 'nobody waits for this any more')
    if (signal.aborted) throw abort()
    const timer = setTimeout(() => this.kill('timeout', `no answer after ${timeoutMs} ms`), timeoutMs)
    const watch = setInterval(() => void this.#checkMemory(maxMemoryBytes), MEMORY_POLL_MS)
    signal.addEventListener('abort', abort, { once: true })
    try {
      if (this.#hasSurplus()) throw this.kill('malformed', 'spoke before it was asked')
      this.#send(Buffer.from(JSON.stringify(request)))
      this.#send(body)
      const head = parseHead(await this.#readFrame((length) => length <= HEAD_BYTES + 4 * MAX_DELAYS))
      if (head === undefined || head.nonce !== request.nonce) throw this.kill('malformed', 'unusable head')
      const expected = head.status === 'ok' ? bodyBytes(head) : 0
      if (expected === undefined || head.bodyBytes !== expected) throw this.kill('malformed', 'impossible head')
      const answer = { head, body: await this.#readFrame((length) => length === expected) }
      if (this.#hasSurplus()) throw this.kill('malformed', 'more bytes than announced')
      this.jobs += 1
      return answer
    } finally {
      clearTimeout(timer)
      clearInterval(watch)
      signal.removeEventListener('abort', abort)
    }
  }

  /** Ends the process. Returns the fault that is thrown by whoever waits for an answer. */
  kill(kind: FaultKind, why: string): ChildFault {
    this.#fault ??= new ChildFault(kind, why)
    if (!this.#isDead) this.#handle.kill('SIGKILL')
    this.#handle.stdin.destroy()
    this.#handle.stdout.destroy()
    return this.#fault
  }

  #send(frame: Uint8Array): void {
    const head = Buffer.allocUnsafe(4)
    head.writeUInt32BE(frame.length)
    this.#handle.stdin.write(head)
    this.#handle.stdin.write(frame)
  }

  #hasSurplus(): boolean {
    return this.#left.length > 0 || this.#handle.stdout.readableLength > 0
  }

  async #readFrame(isRight: (length: number) => boolean): Promise<Buffer> {
    const length = (await this.#read(4)).readUInt32BE(0)
    if (!isRight(length)) throw this.kill('malformed', `a frame of ${length} bytes`)
    return this.#read(length)
  }

  /** Exactly `length` bytes; a child that dies before it has sent them has given no answer. */
  async #read(length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(length)
    let at = 0
    while (at < length) {
      if (this.#left.length === 0) this.#left = await this.#nextChunk()
      const count = this.#left.copy(target, at)
      at += count
      this.#left = this.#left.subarray(count)
    }
    return target
  }

  async #nextChunk(): Promise<Buffer> {
    try {
      const { value, done } = await this.#chunks.next()
      if (!done) return value
    } catch {
      // Destroyed by `kill`, or closed under us: the fault below says why.
    }
    if (this.#fault === undefined) await this.exited
    throw this.#fault ?? this.kill('crashed', 'closed its output')
  }

  async #checkMemory(maxBytes: number): Promise<void> {
    const status = await readFile(`/proc/${this.pid}/status`, 'latin1').catch(() => '')
    const residentKib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
    if (residentKib * 1024 > maxBytes) this.kill('memory', `${residentKib} KiB resident`)
  }
}
