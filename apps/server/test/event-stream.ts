import type { AdminEvent, EventTopic } from '@drawbridge/contract'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'

/** One who listens to the events of the admin API. */
export interface EventListener extends Disposable {
  readonly status: number
  readonly type: string | undefined
  /** Everything so far, as it came. */
  text(): string
  /** The next event that names this topic; the others before it are dropped. Rejects when the stream ends first. */
  next(topic: EventTopic): Promise<AdminEvent>
  /** A line as it is, such as `:`, not seen before. */
  line(line: string): Promise<void>
  /** Why the stream has ended: its last event. */
  readonly ended: Promise<unknown>
}

/** Opens the stream of events, by a token or a cookie. */
export async function listenTo(
  port: number,
  { token, headers = {} }: { readonly token?: string | undefined; readonly headers?: Readonly<Record<string, string>> },
): Promise<EventListener> {
  const asked = request({
    port,
    path: '/api/v1/events',
    agent: false,
    headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
  })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  let read = 0
  let news = Promise.withResolvers<void>()
  let isOver = false
  const tell = () => {
    news.resolve()
    news = Promise.withResolvers()
  }
  const ended = new Promise<unknown>((resolve) => {
    answer.once('close', () => {
      isOver = true
      const [, last] = /event: end\ndata: (.*)\n\n$/u.exec(text) ?? []
      resolve(last === undefined ? undefined : JSON.parse(last))
      tell()
    })
  })
  answer.on('error', () => undefined)
  answer.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    tell()
  })
  /** The next block that fits. */
  const find = async <T>(match: (block: string) => T | undefined): Promise<T> => {
    for (;;) {
      for (let end; (end = text.indexOf('\n\n', read)) >= 0;) {
        const block = text.slice(read, end)
        read = end + 2
        const found = match(block)
        if (found !== undefined) return found
      }
      if (isOver) throw new Error(`the stream has ended:\n${text}`)
      await news.promise
    }
  }
  return {
    status: answer.statusCode ?? 0,
    type: answer.headers['content-type'],
    text: () => text,
    next: (topic) =>
      find((block) => {
        const [, data] = /^event: change\ndata: (.*)$/u.exec(block) ?? []
        const event = data === undefined ? undefined : (JSON.parse(data) as AdminEvent)
        return event?.topics.includes(topic) ? event : undefined
      }),
    line: (line) => find((block) => (block === line ? true : undefined)).then(() => undefined),
    ended,
    [Symbol.dispose]: () => void asked.destroy(),
  }
}
