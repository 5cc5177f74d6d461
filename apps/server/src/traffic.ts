import { TRAFFIC_COUNTS, TRAFFIC_KINDS } from '@drawbridge/contract'
import type { TrafficCount, TrafficKind } from '@drawbridge/contract'
import { addTraffic } from '@drawbridge/db'
import type { TrafficRow } from '@drawbridge/db'
import { startCountedBatches } from './counted-batches.ts'
import type { CountedBatches, Counting } from './counted-batches.ts'

const HOUR_MS = 3_600_000
/** Subjects that are counted apart until they are written; further ones of a kind are counted together, as `*`. */
const MAX_SUBJECTS = 50_000
const OTHERS = '*'

/** What can happen: the counts that it adds one to, and those that it adds its bytes to. */
const EVENTS = {
  message: [['messages'], ['bytes']],
  'message with a file': [['messages', 'files'], ['bytes']],
  'message with an image': [['messages', 'files', 'images'], ['bytes']],
  upload: [['uploads'], ['uploadBytes']],
  'image upload': [
    ['uploads', 'imageUploads'],
    ['uploadBytes', 'imageUploadBytes'],
  ],
  download: [['downloads'], ['downloadBytes']],
  'image download': [
    ['downloads', 'imageDownloads'],
    ['downloadBytes', 'imageDownloadBytes'],
  ],
  // Further parts of a file that somebody has begun to read.
  'part of a download': [[], ['downloadBytes']],
  'part of an image download': [[], ['downloadBytes', 'imageDownloadBytes']],
  call: [['calls'], []],
} as const satisfies Record<string, readonly [readonly TrafficCount[], readonly TrafficCount[]]>
export type TrafficEvent = keyof typeof EVENTS

const placesOf = (event: TrafficEvent) => {
  const [ones, bytes] = EVENTS[event].map((names: readonly TrafficCount[]) =>
    names.map((name) => TRAFFIC_COUNTS.indexOf(name)),
  )
  return { ones: ones ?? [], bytes: bytes ?? [] }
}
/** The same, by the places of the counts: looked up for each message. */
const PLACES = new Map((Object.keys(EVENTS) as TrafficEvent[]).map((event) => [event, placesOf(event)]))

/** Whose traffic it is: one of those that it is counted by. */
export interface TrafficSubject {
  readonly kind: TrafficKind
  /** Never given to anybody else. */
  readonly id: string
  /** What it is called, where that is not the id. */
  readonly name?: string
}

export interface Traffic extends CountedBatches {
  /** Counts something that happened, in memory. */
  count(event: TrafficEvent, bytes: number, at: Date, subjects: readonly TrafficSubject[]): void
}

/** Where nobody wants to know. */
export const UNCOUNTED: Traffic = {
  count: () => undefined,
  flush: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
}

export interface TrafficOptions extends Pick<Counting<unknown>, 'db' | 'log' | 'now'> {
  readonly maxSubjects?: number
}

interface Cell {
  readonly subject: TrafficSubject
  readonly counts: Float64Array
}

/** What was counted in one hour, by kind and id. */
type Hour = ReadonlyMap<TrafficKind, Map<string, Cell>>

/** What waits to be written. */
class Tally {
  readonly #maxSubjects: number
  #size = 0
  #hours = new Map<number, Hour>()
  #hour: Hour | undefined
  #at = Number.NaN

  constructor(maxSubjects: number) {
    this.#maxSubjects = maxSubjects
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  add(event: TrafficEvent, bytes: number, at: Date, subjects: readonly TrafficSubject[]): void {
    const hour = this.#hourOf(Math.floor(at.getTime() / HOUR_MS))
    const places = PLACES.get(event)!
    for (const subject of subjects) {
      const { counts } = this.#cellOf(hour, subject)
      for (const place of places.ones) counts[place]! += 1
      for (const place of places.bytes) counts[place]! += bytes
    }
  }

  rows(): TrafficRow[] {
    return Array.from(this.#hours, ([at, kinds]) =>
      [...kinds].flatMap(([kind, cells]) =>
        Array.from(cells, ([id, { subject, counts }]) => ({
          hour: new Date(at * HOUR_MS),
          kind,
          subject: id,
          name: subject.name,
          counts,
        })),
      ),
    ).flat()
  }

  #hourOf(at: number): Hour {
    if (this.#hour && this.#at === at) return this.#hour
    const hour = this.#hours.get(at) ?? new Map(TRAFFIC_KINDS.map((kind) => [kind, new Map<string, Cell>()]))
    this.#hours.set(at, hour)
    this.#at = at
    return (this.#hour = hour)
  }

  #cellOf(hour: Hour, subject: TrafficSubject): Cell {
    const cells = hour.get(subject.kind)!
    const known = cells.get(subject.id)
    if (known) return known
    // There is one service, and it is all of it that must be right.
    if (this.#size >= this.#maxSubjects && subject.id !== OTHERS && subject.kind !== 'service') {
      return this.#cellOf(hour, { kind: subject.kind, id: OTHERS })
    }
    const cell = { subject, counts: new Float64Array(TRAFFIC_COUNTS.length) }
    cells.set(subject.id, cell)
    this.#size++
    return cell
  }
}

/** Counts who sends how much (control §2, row 4): a few additions per message, a few rows per batch. */
export function startTraffic({ maxSubjects = MAX_SUBJECTS, ...where }: TrafficOptions): Traffic {
  let tally = new Tally(maxSubjects)
  const batches = startCountedBatches<readonly TrafficRow[]>({
    ...where,
    what: 'traffic',
    cut() {
      if (tally.isEmpty) return undefined
      const rows = tally.rows()
      tally = new Tally(maxSubjects)
      return rows
    },
    write: addTraffic,
  })
  return { ...batches, count: (event, bytes, at, subjects) => tally.add(event, bytes, at, subjects) }
}
