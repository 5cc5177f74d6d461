import type { Readable, Writable } from 'node:stream'
import { SANDBOX_LEVELS, SANDBOX_PROBES } from '@drawbridge/contract'
import * as z from 'zod'
import { residentBytes } from '../sandbox/inspect.ts'
import type { ChildHandle } from './launch.ts'
import { DECODER_FDS, ENCODER_FDS, INSPECTOR_FDS, type Hello, type Stage } from './protocol.ts'

/** How a child fails at a job. All but `aborted` deserve one retry in a fresh pair. */
export type FaultKind = 'crashed' | 'timeout' | 'memory' | 'malformed' | 'aborted'

/** A child gave no usable answer; its pair is dead now. */
export class ChildFault extends Error {
  readonly kind: FaultKind

  constructor(kind: FaultKind, why: string) {
    super(why)
    this.kind = kind
  }
}

const MAX_HELLO_BYTES = 4_096
const MAX_STDERR_BYTES = 2_048
const STDERR = 2
const FDS = {
  decoder: DECODER_FDS,
  'avif-decoder': DECODER_FDS,
  encoder: ENCODER_FDS,
  inspector: INSPECTOR_FDS,
} as const

const helloSchema = z.object({
  sharp: z.string(),
  libvips: z.string(),
  accepted: z.record(z.string(), z.boolean()),
  refused: z.record(z.string(), z.boolean()),
  sandbox: z
    .object({
      level: z.enum(SANDBOX_LEVELS),
      uid: z.number(),
      landlockAbi: z.number(),
      denied: z.record(z.enum(SANDBOX_PROBES), z.object({ main: z.boolean(), pool: z.boolean() })),
    })
    .optional(),
})

/**
 * One child process, as frames. Whatever goes wrong, the answer is SIGKILL and a `ChildFault`: no other way ends
 * libvips, and none is safe once the child may have been taken over.
 */
export class Child {
  readonly stage: Stage
  readonly #handle: ChildHandle
  readonly #requests: Writable
  readonly #answers: Readable
  readonly #chunks: AsyncIterator<Buffer>
  #left: Buffer = Buffer.alloc(0)
  #stderr = ''
  #fault: ChildFault | undefined
  #isDead = false
  readonly exited: Promise<void>

  constructor(stage: Stage, handle: ChildHandle) {
    const fds = FDS[stage]
    this.stage = stage
    this.#handle = handle
    this.#requests = handle.stdio[fds.requests] as Writable
    this.#answers = handle.stdio[fds.answers] as Readable
    const stderr = handle.stdio[STDERR] as Readable
    this.#chunks = this.#answers.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>
    this.exited = new Promise((resolve) => {
      const onEnd = (why: string) => {
        this.#isDead = true
        this.#fault ??= new ChildFault('crashed', `${stage}: ${why}`)
        resolve()
      }
      handle.once('exit', (code, signal) => onEnd(`exit code ${code ?? '-'}, signal ${signal ?? '-'}`))
      handle.once('error', (error) => onEnd(error.message))
    })
    // A write to a dead child fails here; its death is noticed by the reader.
    for (const stream of [this.#requests, this.#answers, stderr]) stream.on('error', () => {})
    stderr.on('data', (chunk: Buffer) => {
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

  /** Whether the child has said more than it was asked for. */
  get hasSurplus(): boolean {
    return this.#left.length > 0 || this.#answers.readableLength > 0
  }

  /** Waits until the child is warm. */
  async hello(timeoutMs: number): Promise<Hello> {
    const timer = setTimeout(() => this.kill('timeout', `not ready after ${timeoutMs} ms`), timeoutMs)
    try {
      return helloSchema.parse(JSON.parse((await this.readFrame(MAX_HELLO_BYTES)).toString()))
    } catch (error) {
      if (error instanceof ChildFault) throw error
      throw this.kill('malformed', `hello not understood: ${String(error)}`)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends frames, in one piece where they are small. */
  send(...frames: readonly Uint8Array[]): void {
    this.#requests.cork()
    for (const frame of frames) {
      const head = Buffer.allocUnsafe(4)
      head.writeUInt32BE(frame.length)
      this.#requests.write(head)
      this.#requests.write(frame)
    }
    this.#requests.uncork()
  }

  /** The next frame. @throws ChildFault when it is longer than `maxBytes`, or does not come. */
  async readFrame(maxBytes: number): Promise<Buffer> {
    const length = (await this.#read(4)).readUInt32BE(0)
    if (length > maxBytes) throw this.kill('malformed', `a frame of ${length} bytes`)
    return this.#read(length)
  }

  /** Ends the process. Returns the fault that is thrown by whoever waits for an answer. */
  kill(kind: FaultKind, why: string): ChildFault {
    this.#fault ??= new ChildFault(kind, `${this.stage}: ${why}`)
    if (!this.#isDead) this.#handle.kill('SIGKILL')
    this.#requests.destroy()
    this.#answers.destroy()
    return this.#fault
  }

  /** Resident memory, in bytes; 0 where it cannot be read. */
  residentBytes(): Promise<number> {
    return residentBytes(this.pid ?? 0)
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
}
