import type { EventTopic } from '@drawbridge/contract'
import { useEffect, useSyncExternalStore } from 'react'
import { useConsole } from '../api/console.ts'
import { isAttended } from './attendance.ts'

/** Between two questions because something has changed, in milliseconds: what changes all the time is not asked all the time. */
const GAP_MS = 1_000
const NOT_LIVE = () => () => undefined

/**
 * Asks again when one of these topics has changed, one question at a time: what is under way may be of before, and is let
 * through, or nothing would ever come through. Nobody being there, it waits until somebody is.
 *
 * @returns whether changes are told just now
 */
export function useEvents(on: readonly EventTopic[], isOn: boolean, ask: () => Promise<void>): boolean {
  const { live } = useConsole()
  const isTold = useSyncExternalStore(live?.hear ?? NOT_LIVE, () => live?.isOn() === true)
  const topics = on.join()
  useEffect(() => {
    if (!isOn || !live || topics === '') return undefined
    const wanted = new Set(topics.split(','))
    let timer: ReturnType<typeof setTimeout> | undefined
    let isAsking = false
    let isNews = false
    let isOver = false
    const later = (ms: number) => {
      timer ??= setTimeout(() => {
        timer = undefined
        if (isNews) void askNow()
      }, ms)
    }
    const askNow = async () => {
      if (isAttended()) {
        isNews = false
        isAsking = true
        await ask()
        isAsking = false
      }
      if (!isOver) later(GAP_MS)
    }
    const stop = live.hear((changed) => {
      if (!changed.some((topic) => wanted.has(topic))) return
      isNews = true
      if (!isAsking) later(0)
    })
    return () => {
      stop()
      isOver = true
      clearTimeout(timer)
    }
  }, [ask, live, isOn, topics])
  return isTold && topics !== ''
}
