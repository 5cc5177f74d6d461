import type { Element, Stanza } from '@drawbridge/xmpp'

/** How long a client has to answer a question of ours, in milliseconds. */
const QUERY_TIMEOUT_MS = 10_000
/** Questions to one client at once; one more gets no answer at once. */
export const QUERIES_MAX = 16

interface Query {
  /** The JID that asked, whom the answer is for. */
  readonly from: string
  readonly resolve: (reply: Element | undefined) => void
  readonly timer: NodeJS.Timeout
}

let queryCount = 0

/** What the server asked one client or component and waits for (RFC 6120 §8.2.3). */
export class Queries {
  readonly #open = new Map<string, Query>()
  readonly #max: number

  constructor(max = QUERIES_MAX) {
    this.#max = max
  }

  get size(): number {
    return this.#open.size
  }

  /** Resolves with the reply, or with nothing after a time or at the end. `send` gets the id. */
  ask(from: string, send: (id: string) => void): Promise<Element | undefined> {
    if (this.#open.size >= this.#max) return Promise.resolve(undefined)
    const id = `q${++queryCount}`
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, undefined), QUERY_TIMEOUT_MS)
      this.#open.set(id, { from, resolve, timer })
      send(id)
    })
  }

  /** True when the stanza is an answer to one of these; then it is for nobody else. */
  isAnswer({ type, id, to, element }: Stanza): boolean {
    if ((type !== 'result' && type !== 'error') || id === undefined) return false
    const query = this.#open.get(id)
    if (!query || to?.toString() !== query.from) return false
    this.#settle(id, element)
    return true
  }

  /** Nobody answers any more. */
  end(): void {
    for (const id of this.#open.keys()) this.#settle(id, undefined)
  }

  #settle(id: string, reply: Element | undefined): void {
    const query = this.#open.get(id)
    if (!query) return
    this.#open.delete(id)
    clearTimeout(query.timer)
    query.resolve(reply)
  }
}
