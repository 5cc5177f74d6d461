import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { Chat } from '../app/chat.ts'
import type { Row } from '../state/rows.ts'
import { EMPTY_TIMELINE } from '../state/timeline.ts'
import { firstUnreadKey } from '../state/unread.ts'
import type { Place } from '../storage/database.ts'
import { keepInPlace, type Stay } from './keep-in-place.ts'

/** Closer to the end than this counts as being there. */
const AT_END_PX = 48
/** Older messages are fetched when fewer pixels than this are left above. */
const LOAD_AHEAD_PX = 900
const FIRST_SCREEN = 30
const MAX_ANCHOR_PAGES = 10
/** How far below the upper edge the first unread message begins. */
const UNREAD_FROM_TOP_PX = 120

/** Where to begin. It is aimed at anew while the newest messages come in, and given up when the person scrolls. */
type Aim =
  | { readonly kind: 'anchor'; readonly key: string; readonly offsetPx: number; pages: number }
  | { readonly kind: 'unread-or-end' }

export interface TimelinePositionOptions {
  readonly chat: Chat
  readonly peer: string
  readonly rows: readonly Row[]
  readonly place: Place | undefined
  readonly isSynced: boolean
  readonly isOnline: boolean
  readonly unreadKey: string | undefined
  readonly setUnreadKey: (key: string | undefined) => void
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly list: RefObject<VirtualizerHandle | null>
}

export interface TimelinePosition {
  /** On this render older rows were put in front: virtua then keeps the distance from the end. */
  readonly isPrepend: boolean
  /** Messages that came while the person was reading further up. */
  readonly newBelow: number
  readonly isScrolledUp: boolean
  readonly onScroll: () => void
  readonly onHandsOn: () => void
  readonly toEnd: () => void
  /** Moves no further than it takes to show the row. */
  readonly toRow: (index: number) => void
  /** The topmost visible message and where it stands; no anchor at the end. */
  readonly where: () => Pick<Place, 'anchor' | 'offsetPx'>
}

/**
 * Decides where the list stands: at a place to return to, at the first unread message, or at the end, which it then
 * follows. The only code that moves the scroll position.
 */
export function useTimelinePosition(options: TimelinePositionOptions): TimelinePosition {
  const { chat, peer, rows, place, isSynced, isOnline, unreadKey, setUnreadKey, scroller, list } = options
  const isAtEnd = useRef(place?.anchor === undefined)
  const aim = useRef<Aim | undefined>(
    place?.anchor === undefined
      ? { kind: 'unread-or-end' }
      : { kind: 'anchor', key: place.anchor, offsetPx: place.offsetPx, pages: 0 },
  )
  const stay = useRef<Stay | undefined>(undefined)
  const [newBelow, setNewBelow] = useState(0)
  const [isScrolledUp, setScrolledUp] = useState(false)

  const first = rows[0]?.message.key
  const last = rows.at(-1)?.message.key
  const shown = useRef<{ first: string | undefined; last: string | undefined; count: number }>({
    first: undefined,
    last: undefined,
    count: 0,
  })
  const { count } = shown.current
  const isPrepend = count > 0 && rows.length > count && first !== shown.current.first && last === shown.current.last

  const stick = useCallback(() => {
    const element = scroller.current
    stay.current?.nowhere()
    if (element) element.scrollTop = element.scrollHeight
  }, [scroller])

  /** The list moves by itself until the row is where it should be; each of its steps is a scroll event. */
  const goTo = useCallback(
    (index: number, options: Parameters<VirtualizerHandle['scrollToIndex']>[1]) => {
      stay.current?.nowhere()
      list.current?.scrollToIndex(index, options)
    },
    [list],
  )

  /** What is on the screen is read. Not before the beginning is found: that depends on what was unread. */
  const see = useCallback(() => {
    const newest = chat.store.get().timelines[peer]?.messages.at(-1)
    if (!newest || !isAtEnd.current || aim.current !== undefined) return
    if (document.visibilityState === 'visible' && document.hasFocus()) chat.markSeen(peer, newest.at)
  }, [chat, peer])

  const loadIfNeeded = useCallback(() => {
    const element = scroller.current
    const state = chat.store.get()
    const timeline = state.timelines[peer] ?? EMPTY_TIMELINE
    if (!element || !state.isSynced || timeline.isComplete || state.connection.kind !== 'online') return
    const isShort = timeline.messages.length < FIRST_SCREEN
    if (isShort || aim.current?.kind === 'anchor' || element.scrollTop < LOAD_AHEAD_PX) void chat.loadOlder(peer)
  }, [chat, peer, scroller])

  const onScroll = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const toEndPx = element.scrollHeight - element.scrollTop - element.clientHeight
    isAtEnd.current = toEndPx < AT_END_PX
    if (isAtEnd.current || aim.current) stay.current?.nowhere()
    else stay.current?.here()
    setScrolledUp(toEndPx > element.clientHeight)
    if (isAtEnd.current) {
      setNewBelow(0)
      see()
    }
    loadIfNeeded()
  }, [scroller, see, loadIfNeeded])

  /** Goes to where the list is to begin. */
  const takeAim = useCallback(
    (target: Aim) => {
      const { timelines, read } = chat.store.get()
      const timeline = timelines[peer] ?? EMPTY_TIMELINE
      if (target.kind === 'anchor') {
        const index = rows.findIndex(({ message }) => message.stanzaId === target.key || message.key === target.key)
        if (index >= 0) goTo(index, { align: 'start', offset: -target.offsetPx })
        else if (timeline.isComplete || ++target.pages > MAX_ANCHOR_PAGES) aim.current = { kind: 'unread-or-end' }
        return
      }
      const key = firstUnreadKey(timeline.messages, read[peer])
      setUnreadKey(key)
      const index = key === undefined ? -1 : rows.findIndex(({ message }) => message.key === key)
      if (index > 0) {
        isAtEnd.current = false
        goTo(index, { align: 'start', offset: -UNREAD_FROM_TOP_PX })
      } else if (isAtEnd.current) stick()
    },
    [chat, peer, rows, goTo, setUnreadKey, stick],
  )

  const isAnchored = aim.current?.kind === 'anchor'
  useLayoutEffect(() => {
    const before = shown.current
    shown.current = { first, last, count: rows.length }
    const newest = rows.at(-1)?.message
    if (!newest) return
    if (aim.current) return takeAim(aim.current)
    if (last === before.last) {
      if (isAtEnd.current && !isPrepend) stick()
      return
    }
    if (newest.mine && newest.state === 'queued') {
      // One's own new message is always brought into view.
      isAtEnd.current = true
      setUnreadKey(undefined)
    } else if (!newest.mine && !document.hasFocus() && unreadKey === undefined) {
      const { timelines, read } = chat.store.get()
      setUnreadKey(firstUnreadKey(timelines[peer]?.messages ?? [], read[peer]))
    }
    if (isAtEnd.current) stick()
    else setNewBelow((number) => number + countAfter(rows, before.last))
    see()
    // Only new rows move anything; what else is used here is read when they come.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [rows])

  // The newest messages are all there: the beginning is found, unless its page has still to be loaded.
  useEffect(() => {
    if (!isSynced || rows.length === 0) return
    const target = aim.current
    const isFound =
      target?.kind !== 'anchor' ||
      rows.some(({ message }) => message.stanzaId === target.key || message.key === target.key)
    if (isFound) aim.current = undefined
    const frame = requestAnimationFrame(onScroll)
    return () => cancelAnimationFrame(frame)
  }, [isSynced, rows, isAnchored, onScroll])

  useEffect(loadIfNeeded, [loadIfNeeded, isSynced, isOnline, rows])

  useEffect(() => {
    if (!scroller.current) return
    const kept = keepInPlace(scroller.current)
    stay.current = kept
    return () => kept.stop()
  }, [scroller])

  // Rows are measured, the composer grows, a keyboard opens, the window changes: whoever was at the end stays there.
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current) stick()
    })
    for (const part of [element, ...element.children]) observer.observe(part)
    return () => observer.disconnect()
  }, [scroller, stick])

  useEffect(() => {
    window.addEventListener('focus', see)
    document.addEventListener('visibilitychange', see)
    return () => {
      window.removeEventListener('focus', see)
      document.removeEventListener('visibilitychange', see)
    }
  }, [see])

  return {
    isPrepend,
    newBelow,
    isScrolledUp,
    onScroll,
    onHandsOn: () => {
      aim.current = undefined
    },
    toEnd() {
      aim.current = undefined
      isAtEnd.current = true
      setNewBelow(0)
      setScrolledUp(false)
      stick()
      see()
    },
    toRow(index) {
      aim.current = undefined
      goTo(index, { align: 'nearest' })
    },
    where() {
      const element = scroller.current
      if (!element || isAtEnd.current) return { anchor: undefined, offsetPx: 0 }
      const top = element.getBoundingClientRect().top
      const visible = [...element.querySelectorAll<HTMLElement>('[data-key]')].find(
        (row) => row.getBoundingClientRect().bottom > top,
      )
      const key = visible?.dataset['key']
      const message = chat.store.get().timelines[peer]?.messages.find((candidate) => candidate.key === key)
      const row = visible?.closest('li') ?? visible
      const rowTop = row?.getBoundingClientRect().top ?? top
      return { anchor: message?.stanzaId ?? key, offsetPx: Math.round(rowTop - top) }
    },
  }
}

/** How many rows stand below the one that was last before; one where that is gone, since something has come. */
function countAfter(rows: readonly Row[], last: string | undefined): number {
  const at = rows.findLastIndex(({ message }) => message.key === last)
  return at < 0 ? 1 : rows.length - 1 - at
}
