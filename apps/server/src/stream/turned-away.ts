import { BoundedMap } from '@drawbridge/runtime'
import { buildStreamError } from '@drawbridge/xmpp'
import type { Authenticate } from '@drawbridge/xmpp'
import type { Connection, StreamHandler } from '../transport/connection.ts'
import { parseBearer } from './oauthbearer.ts'
import { sayGoodbye } from './session.ts'
import type { StreamRefusal } from './stream-server.ts'

/** How the stream of a client ends that the rules turn away (control §3.3). */
export const REFUSED = 'policy-violation'
/** The first repeated attempt waits so long for its answer, and each one after it twice as long (control §3.3). */
const FIRST_DELAY_MS = 1_000
const MAX_DELAY_MS = 60_000
/** After so long it is looked again, whatever was found before: some clients are known only once they are in. */
const REMEMBER_MS = 5 * 60_000
/** Installations remembered; of more, those that came last. */
const MAX_ENTRIES = 100_000

/** A connection that waits for its answer. */
type Attempt = Pick<Connection, 'destroy'>

/** An attempt that is answered without being looked at again. */
export interface Repeated {
  /** The stream error, as text. */
  readonly error: string
  /** How long to wait with the answer: whoever tries in a loop gets as many answers as this allows. */
  readonly delayMs: number
  /** It was answered, or has gone: nothing of it is kept here. */
  over(attempt: Attempt): void
}

/**
 * Remembers which installations of clients the rules have turned away, after they had signed in (control §3.3): the next
 * attempts cost neither a password check nor a binding. What an installation says of itself is part of its name here: one
 * that was updated is another one.
 */
export interface TurnedAway {
  /** The rules turned this installation away, at this epoch of theirs. */
  note(name: string, epoch: number, refusal: StreamRefusal): void
  /**
   * The answer to another attempt, if it is known. One attempt at a time: the one before is cut off. Whoever gets an answer
   * says when it is `over`.
   */
  again(name: string, epoch: number, attempt: Attempt): Repeated | undefined
}

export function createTurnedAway(now: () => number = () => performance.now()): TurnedAway {
  const entries = new BoundedMap<string, Entry>(MAX_ENTRIES)
  // A rule turns many away with the same words: they are kept once.
  let last = ''
  return {
    note(name, epoch, { text, details }) {
      const said = buildStreamError(REFUSED, text, ...details).toString()
      const error = said === last ? last : (last = said)
      entries.get(name)?.cutOff()
      entries.set(name, new Entry(epoch, error, now() + REMEMBER_MS))
    },
    again(name, epoch, attempt) {
      const entry = entries.get(name)
      if (!entry) return undefined
      entry.cutOff()
      if (entry.epoch === epoch && entry.until > now()) return entry.begin(attempt)
      entries.delete(name)
      return undefined
    },
  }
}

/** One installation that was turned away, and its attempt that waits, if there is one. */
class Entry implements Repeated {
  readonly epoch: number
  readonly error: string
  readonly until: number
  /** Of the last attempt; each one begins by doubling it. */
  delayMs = FIRST_DELAY_MS / 2
  #attempt: Attempt | undefined

  constructor(epoch: number, error: string, until: number) {
    this.epoch = epoch
    this.error = error
    this.until = until
  }

  begin(attempt: Attempt): this {
    this.delayMs = Math.min(MAX_DELAY_MS, this.delayMs * 2)
    this.#attempt = attempt
    return this
  }

  over(attempt: Attempt): void {
    if (this.#attempt === attempt) this.#attempt = undefined
  }

  cutOff(): void {
    this.#attempt?.destroy()
    this.#attempt = undefined
  }
}

/** What is left of a stream that was turned away, until it is told so. */
export class Farewell implements StreamHandler {
  readonly #connection: Connection
  readonly #repeated: Repeated
  readonly #timer: NodeJS.Timeout

  constructor(connection: Connection, repeated: Repeated) {
    this.#connection = connection
    this.#repeated = repeated
    this.#timer = setTimeout(() => sayGoodbye(connection, repeated.error), repeated.delayMs)
  }

  gone(): void {
    clearTimeout(this.#timer)
    this.#repeated.over(this.#connection)
  }

  open(): void {}
  element(): void {}
  close(): void {}
  fault(): void {}
  failed(): void {}
}

/**
 * An installation of a client with what it says of itself, for one account at one address; nothing where it has no id of
 * its own: then it could be mistaken for another one at the same address.
 */
export function installationOf(
  localpart: string,
  address: string,
  { userAgent, client }: Authenticate,
): string | undefined {
  const { id, software, device } = userAgent
  if (id === undefined) return undefined
  // A signature is another one each time, and says nothing new.
  const { proof: { key, token } = {}, ...claimed } = client ?? {}
  return JSON.stringify([localpart, address, id, software, device, claimed, key, token])
}

/** Who wants to sign in, as the first words of a mechanism say (RFC 4616, RFC 5802, RFC 7628, draft-schmaus-kitten-sasl-ht). */
export function claimedName(mechanism: string, initial: Uint8Array | undefined): string | undefined {
  if (!initial) return undefined
  const text = Buffer.from(initial).toString('utf8')
  if (mechanism === 'OAUTHBEARER') return parseBearer(text)?.authzid
  if (mechanism.startsWith('SCRAM-')) return /^[^,]*,[^,]*,n=([^,]*),/u.exec(text)?.[1]
  return mechanism === 'PLAIN' ? text.split('\0')[1] : text.split('\0', 1)[0]
}
