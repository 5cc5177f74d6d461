import { readBounded } from '@drawbridge/runtime'
import { C2S_LIMITS, NS_FRAMING, PREAUTH_LIMITS, StreamFault, xml } from '@drawbridge/xmpp'
import type { Element, XmlLimits } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { addressOf } from '../routing/client-address.ts'
import { addressKey } from '../stream/throttle.ts'
import {
  bodyLimits,
  isRestart,
  numberIn,
  parseBody,
  RID_MAX,
  ridOf,
  sidIn,
  terminate,
  versionFor,
  wrap,
  WRAPPER_BYTES,
} from './bosh-body.ts'
import type { Terminal } from './bosh-body.ts'
import { setEarly } from './events.ts'
import type { HttpHandler } from './http.ts'
import { standing } from './connection.ts'
import type { Accept, ChannelBindings, Connection, Guard, Lease, PauseReason, StreamHandler } from './connection.ts'

export const BOSH_PATH = '/http-bind'

/** Longest time that a request is kept waiting for something to say, in seconds (`wait`). */
const WAIT_MAX_S = 60
/** How long a client may have no request here, in seconds (`inactivity`); as long as a pause may be (`maxpause`). */
const INACTIVITY_S = 60
const PAUSE_MAX_S = 120
/** Requests that may wait here at once (`hold`), and one more that brings something (`requests`). */
export const HOLD_MAX = 1
export interface BoshOptions {
  readonly accept: Accept
  /** See `WebSocketOptions`: whose pages may open a stream, and whether it is protected on its way. */
  isAllowedOrigin(origin: string, request: IncomingMessage): boolean
  readonly isEncrypted: boolean
  /** Sessions of one address at once: they are no sockets, so nobody else counts them (threats DS-10). */
  readonly maxPerAddress: number
}

/**
 * XEP-0124, XEP-0206: XMPP over HTTP, for the networks that let nothing else through. A session is one `Connection` that
 * looks to its stream like a WebSocket: the requests carry elements in the order of their rid, and what is to leave waits
 * for the oldest request that is here. Sign-in, policy and resumption are those of every stream.
 */
export function createBosh(options: BoshOptions): HttpHandler {
  const sessions = new Map<string, BoshConnection>()
  const counts = new Map<string, number>()
  let early = 0
  const create = (body: Element, rid: number, request: Request): void => {
    const address = addressOf(request.req)
    const key = addressKey(address)
    const count = counts.get(key) ?? 0
    if (count >= options.maxPerAddress) return finish(request.res, terminate('policy-violation'))
    counts.set(key, count + 1)
    const ended = (sid: string) => {
      sessions.delete(sid)
      const left = (counts.get(key) ?? 1) - 1
      if (left > 0) counts.set(key, left)
      else counts.delete(key)
    }
    const session = new BoshConnection(options, address, body, rid, { ended, early: (by) => setEarly((early += by)) })
    sessions.set(session.sid, session)
    session.receive(rid, body, request.res)
  }
  return async (req, res, url) => {
    if (url.pathname !== BOSH_PATH) return false
    const { origin } = req.headers
    if (origin !== undefined && !options.isAllowedOrigin(origin, req)) return refuse(res, 403)
    allowOrigin(res, origin)
    if (req.method === 'OPTIONS') return refuse(res, 204)
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST, OPTIONS')
      return refuse(res, 405)
    }
    const text = await readBounded(req, C2S_LIMITS.maxStanzaBytes + WRAPPER_BYTES)
    if (text === undefined) return refuse(res, 413)
    const sid = sidIn(text)
    const session = sid === undefined ? undefined : sessions.get(sid)
    const body = parseBody(text, session?.limits ?? bodyLimits(PREAUTH_LIMITS))
    const rid = ridOf(body)
    if (!body || rid === undefined) {
      session?.violated('bad-request')
      finish(res, terminate('bad-request'))
    } else if (body.attrs['sid'] === undefined) create(body, rid, { req, res })
    else if (!session || body.attrs['sid'] !== session.sid) finish(res, terminate('item-not-found'))
    else session.receive(rid, body, res)
    return true
  }
}

interface Request {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/** Where the sessions are. */
interface Host {
  ended(sid: string): void
  /** So many requests more, or less, wait for those before them. */
  early(by: number): void
}

interface Waiting {
  readonly rid: number
  readonly res: ServerResponse
  readonly timer: NodeJS.Timeout
}

/** One session (XEP-0124 §4): the requests of one client, put in order, as a connection. */
class BoshConnection implements Connection {
  readonly framing = 'ws'
  readonly channelBindings: ChannelBindings | undefined = undefined
  readonly isEncrypted: boolean
  readonly remoteAddress: string
  readonly sid = randomBytes(18).toString('base64url')
  limits: XmlLimits = bodyLimits(PREAUTH_LIMITS)
  #handler: StreamHandler
  readonly #host: Host
  readonly #waitMs: number
  readonly #hold: number
  /** The rid that is to be looked at next. */
  #next: number
  /** Came before their turn, at most as many as may be under way. */
  readonly #early = new Map<number, { body: Element; res: ServerResponse }>()
  /** Requests that wait for something to say, the oldest first. */
  readonly #waiting: Waiting[] = []
  /** What was answered last: a request that is repeated gets the same answer (§14.2). */
  readonly #answered = new Map<number, string>()
  readonly #outbox: string[] = []
  #outboxLength = 0
  #preamble: Record<string, string | number> | undefined
  readonly #paused = new Set<PauseReason>()
  #isFlushDue = false
  #hasError = false
  /** Of the oldest that waits and that the rules had a say in. */
  #guard: Guard | undefined
  #end: Terminal | 'closed' | undefined
  #isGone = false
  #inactivity: NodeJS.Timeout | undefined

  constructor({ accept, isEncrypted }: BoshOptions, remoteAddress: string, body: Element, rid: number, host: Host) {
    this.isEncrypted = isEncrypted
    this.remoteAddress = remoteAddress
    this.#host = host
    this.#next = rid
    const wait = numberIn(body, 'wait', WAIT_MAX_S) ?? WAIT_MAX_S
    this.#waitMs = wait * 1_000
    this.#hold = numberIn(body, 'hold', HOLD_MAX) ?? HOLD_MAX
    this.#preamble = {
      sid: this.sid,
      wait,
      hold: this.#hold,
      requests: this.#hold + 1,
      inactivity: INACTIVITY_S,
      maxpause: PAUSE_MAX_S,
      polling: 0,
      ver: versionFor(body.attrs['ver']),
      ack: rid,
      'xmpp:version': '1.0',
      'xmpp:restartlogic': 'true',
    }
    this.#handler = accept(this)
    this.#watch(INACTIVITY_S)
  }

  // --- requests -----------------------------------------------------------------------------------------------------

  /** Takes a request, in its turn. */
  receive(rid: number, body: Element, res: ServerResponse): void {
    if (rid < this.#next) return this.#repeat(rid, res)
    if (rid > this.#next + this.#hold + 1) return this.#refuse(res, 'item-not-found')
    // The same once more, on the connection that works.
    const same = this.#early.get(rid)
    same?.res.destroy()
    this.#early.set(rid, { body, res })
    if (!same) this.#host.early(1)
    this.#drain()
  }

  #drain(): void {
    for (let turn; this.#paused.size === 0 && (turn = this.#early.get(this.#next));) {
      this.#early.delete(this.#next)
      this.#host.early(-1)
      const rid = this.#next++
      // A whole rid period is beyond any session; one that tries is not counting (§14.1).
      if (rid >= RID_MAX) return this.#refuse(turn.res, 'bad-request')
      this.#keep(rid, turn.res)
      this.#take(turn.body)
    }
    this.#flushLater()
  }

  #take(body: Element): void {
    const { attrs } = body
    try {
      const isFirst = this.#preamble !== undefined
      if (isFirst || isRestart(body)) this.#open(attrs)
      for (const element of body.getChildElements()) {
        if (this.#end !== undefined) return
        element.parent = null
        this.#handler.element(element)
      }
      if (attrs['type'] === 'terminate') this.#handler.close()
      const pauseS = numberIn(body, 'pause', PAUSE_MAX_S)
      if (pauseS !== undefined) this.#pauseFor(pauseS)
    } catch (error) {
      if (error instanceof StreamFault) this.#handler.fault(error)
      else this.#handler.failed(error)
    }
  }

  #open({ to, from, 'xml:lang': lang }: Readonly<Record<string, string | undefined>>): void {
    this.#handler.open(xml('open', { xmlns: NS_FRAMING, to, from, 'xml:lang': lang, version: '1.0' }))
  }

  /** §10: the client goes away for a while, and takes all answers with it. */
  #pauseFor(seconds: number): void {
    if (this.#mayAnswer()) while (this.#waiting.length > 0) this.#answer(this.#waiting[0]!)
    this.#watch(seconds)
  }

  /** §14.2: the answer was lost on its way. */
  #repeat(rid: number, res: ServerResponse): void {
    const text = this.#answered.get(rid)
    if (text !== undefined) return finish(res, text)
    const index = this.#waiting.findIndex((waiting) => waiting.rid === rid)
    if (index < 0) return this.#refuse(res, 'item-not-found')
    // It still waits: the newer connection is the one that works.
    const [older] = this.#waiting.splice(index, 1)
    clearTimeout(older?.timer)
    older?.res.destroy()
    this.#keep(rid, res)
  }

  #keep(rid: number, res: ServerResponse): void {
    clearTimeout(this.#inactivity)
    const waiting: Waiting = {
      rid,
      res,
      timer: setTimeout(() => this.#mayAnswer() && this.#answer(waiting), this.#waitMs),
    }
    this.#waiting.push(waiting)
    this.#waiting.sort((a, b) => a.rid - b.rid)
    res.once('close', () => {
      const index = this.#waiting.indexOf(waiting)
      if (index < 0) return
      clearTimeout(waiting.timer)
      this.#waiting.splice(index, 1)
      if (this.#waiting.length === 0) this.#watch(INACTIVITY_S)
    })
  }

  /** Counts the time without a request; at its end the client is gone (§10). */
  #watch(seconds: number): void {
    clearTimeout(this.#inactivity)
    this.#inactivity = setTimeout(() => this.destroy(), seconds * 1_000)
  }

  // --- answers ------------------------------------------------------------------------------------------------------

  #flushLater(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    // What one turn brings leaves in one answer.
    setImmediate(() => {
      this.#isFlushDue = false
      this.#flush()
    })
  }

  /** See `Connection.write`. */
  #mayAnswer(): boolean {
    const guard = this.#guard
    if (!guard) return true
    const when = standing(guard)
    if (when === 'renewed') void guard.lease.renewed().then(() => this.#flushLater())
    if (when === 'never') this.destroy()
    if (when !== 'now') return false
    this.#guard = undefined
    return true
  }

  #flush(): void {
    if (!this.#mayAnswer()) return
    const [oldest] = this.#waiting
    if (oldest && (this.#outbox.length > 0 || this.#end !== undefined)) this.#answer(oldest)
    while (this.#waiting.length > this.#hold) this.#answer(this.#waiting[0]!)
    if (this.#end !== undefined && oldest) this.destroy()
  }

  #answer(waiting: Waiting): void {
    const index = this.#waiting.indexOf(waiting)
    if (index < 0) return
    this.#waiting.splice(index, 1)
    clearTimeout(waiting.timer)
    const text = this.#wrap(waiting.rid)
    this.#answered.set(waiting.rid, text)
    for (const rid of this.#answered.keys()) {
      if (this.#answered.size <= this.#hold + 1) break
      this.#answered.delete(rid)
    }
    finish(waiting.res, text)
    if (this.#waiting.length === 0) this.#watch(INACTIVITY_S)
  }

  #wrap(rid: number): string {
    const last = this.#next - 1
    const attrs = {
      ...this.#preamble,
      // §9.1: what has come in beyond the request that is answered.
      ...(this.#preamble === undefined && last !== rid ? { ack: last } : {}),
      ...(this.#end === undefined ? {} : { type: 'terminate' }),
      ...(this.#end === undefined || this.#end === 'closed' ? {} : { condition: this.#end }),
    }
    this.#preamble = undefined
    const content = this.#outbox.join('')
    this.#outbox.length = 0
    this.#outboxLength = 0
    return wrap(attrs, content)
  }

  /** The session ends for what a request did; the request is answered with the reason. */
  #refuse(res: ServerResponse, condition: Terminal): void {
    finish(res, terminate(condition))
    this.violated(condition)
  }

  /** A request broke the protocol: everything that waits is told, and the client counts as gone. */
  violated(condition: Terminal): void {
    this.#end ??= condition
    this.#flush()
    this.destroy()
  }

  // --- connection ---------------------------------------------------------------------------------------------------

  get pendingBytes(): number {
    return this.#outboxLength
  }

  write(text: string, lease?: Lease): void {
    if (this.#end !== undefined) return
    if (lease) this.#guard ??= { lease, term: lease.term }
    // The framing of a WebSocket has attributes of the body in its place (XEP-0206 §3).
    if (text.startsWith('<open ') || text.startsWith('<close ')) return
    if (text.startsWith('<stream:error')) this.#hasError = true
    this.#outbox.push(text)
    this.#outboxLength += text.length
    this.#flushLater()
  }

  restart(limits: XmlLimits): void {
    this.limits = bodyLimits(limits)
  }

  setLimits(limits: XmlLimits): void {
    this.limits = bodyLimits(limits)
  }

  pause(reason: PauseReason): void {
    this.#paused.add(reason)
  }

  resume(reason: PauseReason): void {
    if (this.#paused.delete(reason) && this.#paused.size === 0) this.#drain()
  }

  awaitEnd(handler: StreamHandler): void {
    this.#handler = handler
    this.pause('order')
  }

  /** What is left goes with the next request, which is told that it was the last. */
  end(): void {
    this.#end ??= this.#hasError ? 'remote-stream-error' : 'closed'
    this.#flushLater()
  }

  destroy(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#end ??= 'closed'
    clearTimeout(this.#inactivity)
    for (const { res, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      finish(res, wrap({ type: 'terminate' }, ''))
    }
    for (const { res } of this.#early.values()) finish(res, wrap({ type: 'terminate' }, ''))
    this.#host.early(-this.#early.size)
    this.#early.clear()
    this.#host.ended(this.sid)
    this.#handler.gone()
  }
}

function finish(res: ServerResponse, text: string): void {
  if (res.destroyed || res.headersSent) return
  res.writeHead(200, {
    'content-type': 'text/xml; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  res.end(text)
}

function refuse(res: ServerResponse, status: number): true {
  res.writeHead(status, { 'content-length': 0 }).end()
  return true
}

function allowOrigin(res: ServerResponse, origin: string | undefined): void {
  if (origin === undefined) return
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('access-control-allow-methods', 'POST, OPTIONS')
  res.setHeader('access-control-allow-headers', 'Content-Type')
  res.setHeader('vary', 'Origin')
}
