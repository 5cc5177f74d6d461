import { addTraffic } from '@drawbridge/db'
import type { Db, TrafficRow } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'

/** How often what was counted is written, in milliseconds. */
const FLUSH_MS = 5_000
const HOUR_MS = 3_600_000
/** Counts that are kept until they are written; further subjects of a kind are counted together, as `*`. */
const MAX_COUNTS = 50_000

/** One message that was taken. */
export interface Sent {
  readonly at: Date
  /** Localpart of the sender, where it is one of ours. */
  readonly account?: string | undefined
  /** Bare JID of the room it was said in. */
  readonly room?: string | undefined
  /** The domain it came from or goes to, where that is another one. */
  readonly peer?: string | undefined
  readonly bytes: number
  readonly media?: 'image' | 'file' | undefined
  readonly formats?: readonly string[] | undefined
}

type Counts = Pick<TrafficRow, 'messages' | 'bytes' | 'files' | 'images'>

export interface Traffic extends AsyncDisposable {
  /** Counts a message, in memory. */
  count(sent: Sent): void
  flush(): Promise<void>
}

/** Where nobody wants to know. */
export const UNCOUNTED: Traffic = {
  count: () => undefined,
  flush: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
}

/** Counts who sends how much (control §2, row 4): a few additions per message, a few rows per batch. */
export function startTraffic(db: Db, log: Log): Traffic {
  let counted = new Map<string, { -readonly [Key in keyof Counts]: number }>()
  let last: Promise<void> = Promise.resolve()

  const add = (key: string, other: string, bytes: number, isFile: number, isImage: number) => {
    let counts = counted.get(key)
    if (!counts) {
      if (counted.size >= MAX_COUNTS && key !== other) return add(other, other, bytes, isFile, isImage)
      counts = { messages: 0, bytes: 0, files: 0, images: 0 }
      counted.set(key, counts)
    }
    counts.messages += 1
    counts.bytes += bytes
    counts.files += isFile
    counts.images += isImage
  }
  const write = async () => {
    const batch = counted
    if (batch.size === 0) return
    counted = new Map()
    try {
      await addTraffic(
        db,
        Array.from(batch, ([key, counts]) => ({ ...partsOf(key), ...counts })),
      )
    } catch (error) {
      // What was counted meanwhile is added to it.
      for (const [key, counts] of counted) {
        const before = batch.get(key)
        if (!before) batch.set(key, counts)
        else for (const name of ['messages', 'bytes', 'files', 'images'] as const) before[name] += counts[name]
      }
      counted = batch
      log.warn('traffic that was counted is written later', { error: String(error) })
    }
  }
  const flush = () => (last = last.then(write))
  const timer = setInterval(flush, FLUSH_MS)
  return {
    count({ at, account, room, peer, bytes, media, formats }) {
      const hour = Math.floor(at.getTime() / HOUR_MS)
      const isImage = media === 'image' ? 1 : 0
      const isFile = media === undefined ? 0 : 1
      const one = (kind: TrafficRow['kind'], subject: string) =>
        add(`${hour} ${kind} ${subject}`, `${hour} ${kind} *`, bytes, isFile, isImage)
      one('service', '')
      if (account !== undefined) one('account', account)
      if (room !== undefined) one('room', room)
      if (peer !== undefined) one('peer', peer)
      if (formats !== undefined) for (const format of formats) one('format', format)
    },
    flush,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await flush()
    },
  }
}

function partsOf(key: string): Pick<TrafficRow, 'hour' | 'kind' | 'subject'> {
  const [hour = '', kind = '', ...subject] = key.split(' ')
  return {
    hour: new Date(Number(hour) * HOUR_MS),
    kind: kind as TrafficRow['kind'],
    subject: subject.join(' '),
  }
}
