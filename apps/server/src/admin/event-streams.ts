import { EVENT_TOPICS, problemFrom, Refusal } from '@drawbridge/contract'
import type { AdminEvent, EventTopic } from '@drawbridge/contract'
import type { ServerResponse } from 'node:http'
import type { LivePolicy, News } from '../policy/live.ts'
import { reachOf } from './actor.ts'
import type { Actor } from './actor.ts'
import { changesRights, topicsOf } from './event-topics.ts'
import { setEventStreams } from './metrics.ts'

/** Streams of all people on one node: each costs a timer and a look at the database now and then. */
const MAX_STREAMS = 512
/** What happens within so long is one event, in milliseconds: a playbook writes many rows. */
const GATHER_MS = 50
/** Between two events of one stream. */
const REST_MS = 250
/** How often figures are looked at that nobody tells of, in milliseconds. */
const FIGURES_MS = 1_000
/** Whoever reads nothing for so long is gone, in milliseconds. */
const STUCK_MS = 30_000
/** A browser comes back so long after a stream has broken, in milliseconds. */
const RETRY_MS = 3_000

const ALL = Object.keys(EVENT_TOPICS) as EventTopic[]

export interface EventStreamsOptions {
  readonly live: Pick<LivePolicy, 'hear'>
  /** Something that is other when figures of the status are. */
  readonly figures: () => string
  readonly maxPerOwner: number
  readonly beatMs: number
}

/** Who listens. */
export interface Listening {
  readonly actor: Actor
  /** Whose streams are counted together. */
  readonly owner: string
  /** Who it is by now, with the rights of now. Rejects when they may not listen any more. */
  again(): Promise<Actor>
}

/** Those who are told what has changed, on this node. */
export interface EventStreams {
  /** Makes an answer a stream of events, which begins with `first`. @throws Refusal `too-many-streams` */
  open(res: ServerResponse, listening: Listening, first: AdminEvent): void
}

/**
 * Streams of events (WHATWG HTML §9.2). A slow reader costs nothing: what has changed is a set of topics, which does not
 * grow while it waits to be written.
 */
export function createEventStreams({ live, figures, maxPerOwner, beatMs }: EventStreamsOptions): EventStreams {
  const streams = new Set<Stream>()
  let stop: (() => void) | undefined

  const hear = (news: News) => {
    const isAboutRights = changesRights(news)
    const topics = news.kind === 'missed' ? ALL : topicsOf(news)
    for (const stream of streams) {
      if (isAboutRights) stream.lookAgain()
      stream.add(topics, 'epoch' in news ? news.epoch : undefined)
    }
  }
  /** Nothing runs while nobody listens. */
  const begin = () => {
    const heard = live.hear(hear)
    let seen = figures()
    const watch = setInterval(() => {
      const now = figures()
      if (now !== seen) for (const stream of streams) stream.add(['status'])
      seen = now
    }, FIGURES_MS)
    const beat = setInterval(() => {
      for (const stream of streams) stream.beat()
    }, beatMs)
    return () => {
      heard[Symbol.dispose]()
      clearInterval(watch)
      clearInterval(beat)
    }
  }
  return {
    open(res, listening, first) {
      const own = [...streams].filter(({ owner }) => owner === listening.owner).length
      if (own >= maxPerOwner || streams.size >= MAX_STREAMS) {
        throw new Refusal('too-many-streams', { retryAfterS: 60 })
      }
      const stream = new Stream(res, listening)
      streams.add(stream)
      setEventStreams(streams.size)
      stop ??= begin()
      res.once('close', () => {
        streams.delete(stream)
        setEventStreams(streams.size)
        if (streams.size > 0) return
        stop?.()
        stop = undefined
      })
      stream.start(first)
    },
  }
}

/** One event as it is written: JSON has no line breaks. */
function textOf(name: 'change' | 'end', data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

class Stream {
  readonly owner: string
  readonly #res: ServerResponse
  readonly #again: Listening['again']
  #actor: Actor
  #topics = new Set<EventTopic>()
  #epoch: number | undefined
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isDoubtful = false

  constructor(res: ServerResponse, { actor, owner, again }: Listening) {
    this.owner = owner
    this.#res = res
    this.#again = again
    this.#actor = actor
  }

  start(first: AdminEvent): void {
    this.#res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
    this.#res.once('close', () => clearTimeout(this.#timer))
    this.#res.write(`retry: ${RETRY_MS}\n\n${textOf('change', first)}`)
  }

  add(topics: readonly EventTopic[], epoch?: number): void {
    for (const topic of topics) this.#topics.add(topic)
    if (epoch !== undefined) this.#epoch = Math.max(this.#epoch ?? 0, epoch)
    this.#timer ??= setTimeout(() => void this.#tell(), GATHER_MS)
  }

  /** Says that it is there, and sees to it that it may be. */
  beat(): void {
    this.lookAgain()
    if (!this.#res.writableNeedDrain) this.#res.write(':\n\n')
  }

  /** Nothing more is told before it is known who listens. */
  lookAgain(): void {
    this.#isDoubtful = true
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
  }

  async #look(): Promise<void> {
    while (this.#isDoubtful && !this.#res.destroyed) {
      this.#isDoubtful = false
      try {
        this.#actor = await this.#again()
      } catch (error) {
        // Also where it cannot be known: whoever may comes back.
        this.#res.end(textOf('end', { code: problemFrom(error).code }))
        setTimeout(() => this.#res.destroy(), STUCK_MS).unref()
        return
      }
    }
  }

  async #tell(): Promise<void> {
    const isOver = () => this.#res.destroyed || this.#res.writableEnded
    do {
      await this.#looking
      if (!isOver() && this.#res.writableNeedDrain) await this.#drained()
      if (isOver()) return
    } while (this.#looking)
    const topics = [...this.#topics].filter((topic) => reachOf(this.#actor, EVENT_TOPICS[topic]) === 'everywhere')
    const event: AdminEvent = { topics, ...(this.#epoch !== undefined && { epoch: this.#epoch }) }
    this.#topics = new Set()
    this.#epoch = undefined
    if (topics.length > 0) this.#res.write(textOf('change', event))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#topics.size > 0) void this.#tell()
    }, REST_MS)
  }

  async #drained(): Promise<void> {
    const stuck = setTimeout(() => this.#res.destroy(), STUCK_MS)
    await new Promise<void>((resolve) => {
      this.#res.once('drain', resolve)
      this.#res.once('close', resolve)
    })
    clearTimeout(stuck)
  }
}
