import type { XmlLimits } from '@drawbridge/xmpp'
import type { Connection, Lease, PauseReason, StreamHandler } from '../transport/connection.ts'

/**
 * A connection that keeps what is written to it until it is known what has to be said first: for a session that begins
 * while its client still waits to hear that it signed in (XEP-0386 §2.2).
 */
export class HeldBack implements Connection {
  readonly #connection: Connection
  readonly #texts: { readonly text: string; readonly lease: Lease | undefined }[] = []

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get framing(): Connection['framing'] {
    return this.#connection.framing
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress
  }

  get isEncrypted(): boolean {
    return this.#connection.isEncrypted
  }

  get channelBindings(): Connection['channelBindings'] {
    return this.#connection.channelBindings
  }

  get language(): string | undefined {
    return this.#connection.language
  }

  get pendingBytes(): number {
    return this.#connection.pendingBytes + this.#texts.reduce((sum, { text }) => sum + text.length, 0)
  }

  write(text: string, lease?: Lease): void {
    this.#texts.push({ text, lease })
  }

  /** Sends this, then what was kept, and returns the connection to go on with. */
  release(first: readonly string[]): Connection {
    for (const text of first) this.#connection.write(text)
    this.#writeAll()
    return this.#connection
  }

  /** The session is over before it began: its last word is all there is to say. */
  end(): void {
    this.#writeAll()
    this.#connection.end()
  }

  #writeAll(): void {
    for (const { text, lease } of this.#texts.splice(0)) this.#connection.write(text, lease)
  }

  destroy(): void {
    this.#connection.destroy()
  }

  restart(limits: XmlLimits): void {
    this.#connection.restart(limits)
  }

  setLimits(limits: XmlLimits): void {
    this.#connection.setLimits(limits)
  }

  pause(reason: PauseReason): void {
    this.#connection.pause(reason)
  }

  resume(reason: PauseReason): void {
    this.#connection.resume(reason)
  }

  awaitEnd(handler: StreamHandler): void {
    this.#connection.awaitEnd(handler)
  }
}
