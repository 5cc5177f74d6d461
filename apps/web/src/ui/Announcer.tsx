import { useEffect, useState } from 'react'
import { titleOf } from '../state/conversations.ts'
import { useChat, useTexts } from './use-store.ts'

const BATCH_MS = 2_000

/** Tells a screen reader about new messages, gathered over two seconds, and about own messages that failed. */
export function Announcer() {
  const chat = useChat()
  const { t } = useTexts()
  const [text, setText] = useState('')
  useEffect(() => {
    const seen = new Map<string, string>()
    const counts = new Map<string, number>()
    const failed = new Set<string>()
    let timer: ReturnType<typeof setTimeout> | undefined
    let known = chat.store.get().timelines
    for (const [peer, { messages }] of Object.entries(known)) seen.set(peer, messages.at(-1)?.key ?? '')
    let hasFailed = false

    function collect() {
      const { timelines, isSynced } = chat.store.get()
      if (timelines === known) return
      for (const [peer, timeline] of Object.entries(timelines)) {
        if (timeline === known[peer]) continue
        const newest = timeline.messages.at(-1)
        if (!newest) continue
        if (newest.key !== seen.get(peer)) {
          seen.set(peer, newest.key)
          if (isSynced && !newest.mine) counts.set(peer, (counts.get(peer) ?? 0) + 1)
        }
        const broken = timeline.messages.findLast(({ state }) => state === 'failed')
        if (broken && !failed.has(broken.key)) {
          failed.add(broken.key)
          hasFailed = true
        }
      }
      known = timelines
      if ((counts.size > 0 || hasFailed) && timer === undefined) timer = setTimeout(say, BATCH_MS)
    }

    function say() {
      timer = undefined
      const lines = [...counts].map(([peer, count]) => t.announceNew(count, titleOf(chat.store.get(), peer)))
      if (hasFailed) lines.push(t.stateFailed)
      counts.clear()
      hasFailed = false
      setText(lines.join('. '))
    }

    const unsubscribe = chat.store.subscribe(collect)
    return () => {
      unsubscribe()
      clearTimeout(timer)
    }
  }, [chat, t])
  return (
    <div className="visually-hidden" role="log" aria-live="polite" data-testid="announcer">
      {text}
    </div>
  )
}
