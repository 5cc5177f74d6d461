import type { Socket } from 'node:net'
import type { Corkable } from './connection.ts'

/**
 * Text on its way to a socket. While it is corked it becomes one string, which leaves with one call: a corked socket
 * itself would keep an entry for each piece, and copy them all before it writes them.
 */
export class TextOutput implements Corkable {
  readonly #socket: Socket
  #text = ''
  #corks = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Characters that have not reached the socket. */
  get length(): number {
    return this.#text.length
  }

  write(text: string): void {
    if (this.#corks === 0) this.#socket.write(text)
    else this.#text += text
  }

  cork(): void {
    this.#corks++
  }

  uncork(): void {
    if (this.#corks > 0) this.#corks--
    if (this.#corks > 0 || this.#text === '') return
    this.#socket.write(this.#take())
  }

  /** Sends what is left, corked or not, and ends this side of the connection. */
  end(): void {
    this.#corks = 0
    if (this.#text === '') this.#socket.end()
    else this.#socket.end(this.#take())
  }

  destroy(): void {
    this.#text = ''
    this.#socket.destroy()
  }

  #take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}
