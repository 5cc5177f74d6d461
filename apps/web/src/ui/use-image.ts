import { useCallback, useEffect, useRef, useState } from 'react'
import { findMediaGone, isWorthRetrying, type MediaGone } from '../state/media.ts'
import { useChatState } from './use-store.ts'

/** How often an image is tried that the server has and that cannot be shown. */
const MAX_ROUNDS = 2

/**
 * An image on its way, from its first byte to whatever becomes of it: why it is not there is asked when it does not load,
 * and whenever the server says that something has changed.
 *
 * @param urls - of the image and everything that is made of it; the same array as long as they are.
 */
export function useImage(urls: readonly string[]) {
  const generation = useChatState((state) => state.mediaGeneration)
  const isOnline = useChatState((state) => state.connection.kind === 'online')
  const [phase, setPhase] = useState<'loading' | 'loaded'>('loading')
  const [gone, setGone] = useState<MediaGone>()
  /** A new element for each round: one that has failed does not try again. */
  const [round, setRound] = useState(0)
  const failures = useRef(0)
  const shown = useRef('')

  const look = useCallback(() => {
    const first = shown.current || urls[0] || ''
    void findMediaGone([first, ...urls.filter((url) => url !== first)]).then((found) => {
      const isUnshowable = !found && failures.current >= MAX_ROUNDS
      setGone(isUnshowable ? { why: 'unknown', reason: '' } : found)
      if (found || isUnshowable) return
      setPhase('loading')
      setRound((before) => before + 1)
    })
  }, [urls])

  useEffect(() => {
    if (generation > 0) look()
  }, [generation, look])

  // What failed for want of a connection is tried again with the next one.
  const isWaiting = gone !== undefined && isWorthRetrying(gone)
  const wasOnline = useRef(isOnline)
  useEffect(() => {
    if (isOnline && !wasOnline.current && isWaiting) look()
    wasOnline.current = isOnline
  }, [isOnline, isWaiting, look])

  return {
    phase,
    gone,
    round,
    onLoad() {
      failures.current = 0
      setPhase('loaded')
    },
    onError(url: string) {
      failures.current++
      shown.current = url
      look()
    },
    look() {
      failures.current = 0
      look()
    },
  }
}
