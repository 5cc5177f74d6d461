import type { AdminEvent, EventTopic } from '@drawbridge/contract'
import { target } from './routes.ts'

/** After a refusal it is tried again so much later, in milliseconds: another page may have been closed. */
const AGAIN_MS = 60_000

/** What tells this page that something has changed. What it is now is read as always. */
export interface Live {
  /** Whether changes are told just now. While they are not, pages ask every few seconds. */
  isOn(): boolean
  /** Hears which topics may be other than before; with none, that it is on or off. Returns the way to stop that. */
  hear(listener: (topics: readonly EventTopic[]) => void): () => void
  close(): void
}

/** Opens the stream of events. A browser comes back by itself after a connection was lost, but not after a refusal. */
export function openLive(Source: typeof EventSource = EventSource): Live {
  const listeners = new Set<(topics: readonly EventTopic[]) => void>()
  const tell = (topics: readonly EventTopic[]) => {
    for (const listener of listeners) listener(topics)
  }
  let isOn = false
  let again: ReturnType<typeof setTimeout> | undefined
  const turn = (on: boolean) => {
    if (isOn === on) return
    isOn = on
    tell([])
  }
  const open = () => {
    const source = new Source(target('openEvents').url)
    source.addEventListener('change', ({ data }: MessageEvent<string>) => {
      turn(true)
      tell((JSON.parse(data) as AdminEvent).topics)
    })
    source.addEventListener('error', () => {
      turn(false)
      if (source.readyState !== Source.CLOSED) return
      again = setTimeout(() => (opened = open()), AGAIN_MS)
    })
    return source
  }
  let opened = open()
  return {
    isOn: () => isOn,
    hear(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      clearTimeout(again)
      opened.close()
      turn(false)
    },
  }
}
