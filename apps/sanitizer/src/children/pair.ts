import { randomBytes, randomInt } from 'node:crypto'
import { Child, type ChildFault, type FaultKind } from './child.ts'
import type { Launch } from './launch.ts'
import {
  MAX_HEAD_BYTES,
  parseDecodeHead,
  parseEncodeHead,
  TOKEN_BYTES,
  type AnswerStatus,
  type DecodeHead,
  type DecodeRequest,
  type EncodeHead,
  type EncodeRequest,
  type Hello,
} from './protocol.ts'

/** Bounds of one stage of one job. */
export interface StageLimits {
  readonly timeoutMs: number
  readonly maxMemoryBytes: number
  readonly signal: AbortSignal
}

/** What the encoder answers; nothing of it is checked yet but lengths. */
export interface Encoded {
  readonly image: Buffer
  readonly thumbnails: readonly Buffer[]
  readonly placeholder: Buffer
  readonly dominantColor: number
}

const MEMORY_POLL_MS = 100
/** A ThumbHash has at most 25 bytes. */
const MAX_PLACEHOLDER_BYTES = 25
/** A file that we make is never larger than its pixels and a little per frame. */
const OUTPUT_SLACK_BYTES = 65_536

/**
 * A decoder and an encoder with a socket between them that nobody else holds. They work, fail and die together: what one
 * of them did wrong may be in the socket, or in the other.
 */
export class Pair {
  readonly decoder: Child
  readonly encoder: Child
  /** Images that went through. */
  jobs = 0
  readonly exited: Promise<unknown>
  #token = Buffer.alloc(0)

  /** Starts both children; they are not warm yet. */
  constructor(launch: Launch) {
    const decoder = launch('decoder', ['pipe', 'pipe', 'pipe', 'pipe'])
    const [, , , pixels] = decoder.stdio
    if (!pixels) throw new Error('the decoder was started without a way out for its pixels')
    const encoder = launch('encoder', [pixels, 'pipe', 'pipe', 'pipe'])
    // Our copy of that end: the encoder would never see the decoder's death behind it.
    pixels.destroy()
    this.decoder = new Child('decoder', decoder)
    this.encoder = new Child('encoder', encoder)
    void Promise.race([this.decoder.exited, this.encoder.exited]).then(() => this.kill('crashed', 'its partner died'))
    this.exited = Promise.all([this.decoder.exited, this.encoder.exited])
  }

  get pids(): number[] {
    return [this.decoder.pid, this.encoder.pid].flatMap((pid) => pid ?? [])
  }

  get isDead(): boolean {
    return this.decoder.isDead || this.encoder.isDead
  }

  /** The last that either wrote to stderr: for the log only. */
  get lastWords(): string {
    return [this.decoder.lastWords, this.encoder.lastWords].filter(Boolean).join('\n')
  }

  /** Waits until both children are warm. */
  async hello(timeoutMs: number): Promise<{ readonly decoder: Hello; readonly encoder: Hello }> {
    const [decoder, encoder] = await Promise.all([this.decoder.hello(timeoutMs), this.encoder.hello(timeoutMs)])
    return { decoder, encoder }
  }

  /** Has an image decoded. The pixels wait at the encoder's door until `encode` says how many they are. */
  decode(request: Omit<DecodeRequest, 'nonce' | 'token'>, image: Uint8Array, limits: StageLimits): Promise<DecodeHead> {
    return this.#guard(limits, async () => {
      if (this.decoder.hasSurplus || this.encoder.hasSurplus) throw this.kill('malformed', 'spoke before it was asked')
      this.#token = randomBytes(TOKEN_BYTES)
      const nonce = randomInt(2 ** 32)
      this.decoder.send(
        json({ ...request, nonce, token: this.#token.toString('base64') } satisfies DecodeRequest),
        image,
      )
      return this.#checked(parseDecodeHead(await this.decoder.readFrame(MAX_HEAD_BYTES)), nonce)
    })
  }

  /** Has the pixels of the last `decode` encoded. @throws ChildFault; both children are dead then. */
  encode(request: Omit<EncodeRequest, 'nonce' | 'token'>, limits: StageLimits): Promise<Encoded> {
    return this.#guard(limits, async () => {
      const { encoder } = this
      const nonce = randomInt(2 ** 32)
      encoder.send(json({ ...request, nonce, token: this.#token.toString('base64') } satisfies EncodeRequest))
      const head: EncodeHead = this.#checked(parseEncodeHead(await encoder.readFrame(MAX_HEAD_BYTES)), nonce)
      if (head.status !== 'ok') throw this.kill('crashed', 'the encoder gave up')
      const maxBytes = request.rawBytes * 2 + OUTPUT_SLACK_BYTES
      const image = await encoder.readFrame(maxBytes)
      const thumbnails: Buffer[] = []
      for (const _ of request.thumbnails) thumbnails.push(await encoder.readFrame(maxBytes))
      const placeholder = await encoder.readFrame(MAX_PLACEHOLDER_BYTES)
      if (this.decoder.hasSurplus || encoder.hasSurplus) throw this.kill('malformed', 'more bytes than announced')
      this.jobs += 1
      return { image, thumbnails, placeholder, dominantColor: head.dominantColor }
    })
  }

  /** Ends both processes. Returns the fault that is thrown by whoever waits for an answer. */
  kill(kind: FaultKind, why: string): ChildFault {
    const fault = this.decoder.kill(kind, why)
    this.encoder.kill(kind, why)
    return fault
  }

  #checked<H extends { readonly nonce: number; readonly status: AnswerStatus }>(head: H | undefined, nonce: number): H {
    if (head === undefined || head.nonce !== nonce) throw this.kill('malformed', 'unusable head')
    return head
  }

  /** Runs one stage within its limits: any fault of it is the end of both children. */
  async #guard<T>({ timeoutMs, maxMemoryBytes, signal }: StageLimits, work: () => Promise<T>): Promise<T> {
    const abort = () => this.kill('aborted', 'nobody waits for this any more')
    if (signal.aborted) throw abort()
    const timer = setTimeout(() => this.kill('timeout', `no answer after ${timeoutMs} ms`), timeoutMs)
    const watch = setInterval(() => void this.#checkMemory(maxMemoryBytes), MEMORY_POLL_MS)
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await work()
    } catch (error) {
      this.kill('crashed', 'its partner failed')
      throw error
    } finally {
      clearTimeout(timer)
      clearInterval(watch)
      signal.removeEventListener('abort', abort)
    }
  }

  async #checkMemory(maxBytes: number): Promise<void> {
    for (const child of [this.decoder, this.encoder]) {
      const bytes = await child.residentBytes()
      if (bytes > maxBytes) this.kill('memory', `the ${child.stage} holds ${bytes} bytes`)
    }
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
