import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import type { Place } from '../storage/database.ts'
import { isHeld } from '../state/chat-state.ts'
import { titleOf } from '../state/conversations.ts'
import { rowsFrom } from '../state/rows.ts'
import { EMPTY_TIMELINE } from '../state/timeline.ts'
import { firstUnreadKey } from '../state/unread.ts'
import { Icon } from './icons.tsx'
import { MessageRow } from './MessageRow.tsx'
import { useChat, useChatState, useTexts } from './use-store.ts'

/** Height of what stands above the first message; reserved, so that loading moves nothing. */
const TOP_PX = 88
const LOAD_AHEAD_PX = 900
const AT_END_PX = 48
const FIRST_SCREEN = 30
const MAX_ANCHOR_PAGES = 10

export interface TimelineProps {
  readonly peer: string
  /** Where to begin, after a reload. */
  readonly place: Place | undefined
  /** Where the list stands, asked before a reload. */
  readonly placeSource: { current: (() => Pick<Place, 'anchor' | 'offsetPx'>) | undefined }
}

/** The messages of one conversation. Mount it anew for each conversation (`key`). */
export function Timeline({ peer, place, placeSource }: TimelineProps) {
  const chat = useChat()
  const { t } = useTexts()
  const timeline = useChatState((state) => state.timelines[peer] ?? EMPTY_TIMELINE)
  const loading = useChatState((state) => state.history[peer])
  const isSynced = useChatState((state) => state.isSynced)
  const account = useChatState((state) => state.account)
  const title = useChatState((state) => titleOf(state, peer))
  const suspensions = useChatState((state) => state.suspensions)
  const held = useChatState((state) => state.held)
  const { messages } = timeline

  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  /** The list follows its end; the one thing that decides who moves the scroll position. */
  const isAtEnd = useRef(place?.anchor === undefined)
  const hasBegun = useRef(false)
  const wanted = useRef(
    place?.anchor === undefined ? undefined : { key: place.anchor, offsetPx: place.offsetPx, pages: 0 },
  )
  const [unreadKey, setUnreadKey] = useState<string | undefined>(() =>
    firstUnreadKey(messages, chat.store.get().read[peer]),
  )
  const [activeKey, setActiveKey] = useState<string | undefined>(undefined)
  const [newBelow, setNewBelow] = useState(0)
  const [isScrolledUp, setScrolledUp] = useState(false)
  const rows = useMemo(() => rowsFrom(timeline, unreadKey), [timeline, unreadKey])

  // Older messages were put in front: keep the position from the end (virtua's `shift`), on this render only.
  const shown = useRef<{ first: string | undefined; last: string | undefined; count: number }>({
    first: undefined,
    last: undefined,
    count: 0,
  })
  const first = rows[0]?.message.key
  const last = rows.at(-1)?.message.key
  const isPrepend =
    shown.current.count > 0 &&
    rows.length > shown.current.count &&
    first !== shown.current.first &&
    last === shown.current.last

  const activeIndex =
    activeKey === undefined ? rows.length - 1 : rows.findIndex(({ message }) => message.key === activeKey)
  const keepMounted = useMemo(() => (activeIndex >= 0 ? [activeIndex] : []), [activeIndex])

  const loadIfNeeded = useCallback(() => {
    const element = scroller.current
    const state = chat.store.get()
    const current = state.timelines[peer] ?? EMPTY_TIMELINE
    if (!element || !state.isSynced || current.isComplete || state.connection.kind !== 'online') return
    const isShort = current.messages.length < FIRST_SCREEN
    const isAnchorMissing = wanted.current !== undefined
    if (isShort || isAnchorMissing || element.scrollTop < LOAD_AHEAD_PX) void chat.loadOlder(peer)
  }, [chat, peer])

  const isOnline = useChatState((state) => state.connection.kind === 'online')
  useEffect(loadIfNeeded, [loadIfNeeded, isSynced, isOnline, messages])

  const see = useCallback(() => {
    const newest = chat.store.get().timelines[peer]?.messages.at(-1)
    if (!newest || !isAtEnd.current || document.visibilityState !== 'visible' || !document.hasFocus()) return
    chat.markSeen(peer, newest.at)
  }, [chat, peer])

  // Positioning, in one place: begin (anchor, first unread or end), then follow the end or stay.
  useLayoutEffect(() => {
    const before = shown.current
    shown.current = { first, last, count: rows.length }
    if (rows.length === 0 || !list.current) return
    const target = wanted.current
    if (target) {
      const index = rows.findIndex(({ message }) => message.stanzaId === target.key || message.key === target.key)
      if (index >= 0) {
        wanted.current = undefined
        hasBegun.current = true
        list.current.scrollToIndex(index, { align: 'start', offset: -target.offsetPx })
        return
      }
      if (timeline.isComplete || ++target.pages > MAX_ANCHOR_PAGES) wanted.current = undefined
    }
    if (!hasBegun.current) {
      hasBegun.current = true
      const unread = unreadKey === undefined ? -1 : rows.findIndex(({ message }) => message.key === unreadKey)
      if (unread > 0) list.current.scrollToIndex(unread, { align: 'start', offset: -120 })
      else list.current.scrollToIndex(rows.length - 1, { align: 'end' })
      return
    }
    const newest = rows.at(-1)?.message
    if (last === before.last || !newest) {
      if (isAtEnd.current) list.current.scrollToIndex(rows.length - 1, { align: 'end' })
      return
    }
    if (newest.mine && newest.state === 'queued') {
      // One's own new message is always brought into view.
      isAtEnd.current = true
      setUnreadKey(undefined)
    } else if (!newest.mine && !document.hasFocus() && unreadKey === undefined) {
      setUnreadKey(firstUnreadKey(messages, chat.store.get().read[peer]))
    }
    if (isAtEnd.current) list.current.scrollToIndex(rows.length - 1, { align: 'end' })
    else setNewBelow((count) => count + 1)
    see()
  }, [rows, first, last, unreadKey, timeline.isComplete, messages, chat, peer, see])

  const onScroll = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const toEnd = element.scrollHeight - element.scrollTop - element.clientHeight
    isAtEnd.current = toEnd < AT_END_PX
    setScrolledUp(toEnd > element.clientHeight)
    if (isAtEnd.current) {
      setNewBelow(0)
      see()
    }
    loadIfNeeded()
  }, [see, loadIfNeeded])

  // The composer grows, a keyboard opens, the window changes, rows wrap anew: whoever was at the end stays there.
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current) element.scrollTop = element.scrollHeight
    })
    for (const part of [element, ...element.children]) observer.observe(part)
    return () => observer.disconnect()
  }, [])

  useEffect(() => {
    see()
    window.addEventListener('focus', see)
    document.addEventListener('visibilitychange', see)
    return () => {
      window.removeEventListener('focus', see)
      document.removeEventListener('visibilitychange', see)
    }
  }, [see])

  useEffect(() => {
    placeSource.current = () => {
      const element = scroller.current
      if (!element || isAtEnd.current) return { anchor: undefined, offsetPx: 0 }
      const top = element.getBoundingClientRect().top
      const visible = [...element.querySelectorAll<HTMLElement>('[data-key]')].find(
        (row) => row.getBoundingClientRect().bottom > top,
      )
      const key = visible?.dataset['key']
      const message = chat.store.get().timelines[peer]?.messages.find((candidate) => candidate.key === key)
      const row = visible?.closest('li') ?? visible
      return { anchor: message?.stanzaId ?? key, offsetPx: Math.round((row?.getBoundingClientRect().top ?? top) - top) }
    }
    return () => {
      placeSource.current = undefined
    }
  }, [chat, peer, placeSource])

  function toEnd() {
    isAtEnd.current = true
    setNewBelow(0)
    setScrolledUp(false)
    list.current?.scrollToIndex(rows.length - 1, { align: 'end' })
    see()
  }

  function focusRow(index: number) {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (!row) return
    const { key } = row.message
    setActiveKey(key)
    list.current?.scrollToIndex(rows.indexOf(row), { align: 'nearest' })
    focusWhenMounted(key, 20)
  }

  /** A row far away is mounted some frames after the list has been told to scroll there. */
  function focusWhenMounted(key: string, frames: number) {
    requestAnimationFrame(() => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
      row?.focus({ preventScroll: true })
      // A row that has not been measured yet is hidden, and takes no focus.
      if (frames > 0 && (!row || document.activeElement !== row)) focusWhenMounted(key, frames - 1)
    })
  }

  function onKeyDown(event: KeyboardEvent) {
    const target = event.target as HTMLElement
    const article = target.closest<HTMLElement>('article')
    // An image opened from a row is a dialog of its own, and Escape closes that.
    if (!article || target.closest('dialog') || event.altKey || event.ctrlKey || event.metaKey) return
    const index = rows.findIndex(({ message }) => message.key === article.dataset['key'])
    const actions = [...article.querySelectorAll<HTMLElement>('a, button')]
    const action = actions.indexOf(target)
    const isRtl = getComputedStyle(article).direction === 'rtl'
    const inward = isRtl ? 'ArrowLeft' : 'ArrowRight'
    const outward = isRtl ? 'ArrowRight' : 'ArrowLeft'
    switch (event.key) {
      case 'ArrowUp':
        focusRow(index - 1)
        break
      case 'ArrowDown':
        focusRow(index + 1)
        break
      case 'Home':
        focusRow(0)
        break
      case 'End':
        focusRow(rows.length - 1)
        break
      case 'PageUp':
        focusRow(index - 8)
        void chat.loadOlder(peer)
        break
      case 'PageDown':
        focusRow(index + 8)
        break
      case inward:
        actions[Math.min(action + 1, actions.length - 1)]?.focus()
        break
      case outward:
        if (action > 0) actions[action - 1]?.focus()
        else article.focus()
        break
      case 'Escape':
        if (action >= 0) article.focus()
        else document.querySelector<HTMLElement>('[data-testid="composer"]')?.focus()
        break
      default:
        return
    }
    event.preventDefault()
  }

  return (
    <section className="timeline" aria-label={t.messages}>
      <p className="visually-hidden" id="timeline-help">
        {t.timelineHelp}
      </p>
      <div
        ref={scroller}
        className="timeline-scroll"
        data-testid="timeline"
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          const key = (event.target as HTMLElement).closest<HTMLElement>('article')?.dataset['key']
          if (key !== undefined) setActiveKey(key)
        }}
      >
        <div className="timeline-fill" />
        <div className="timeline-top">
          {timeline.isComplete ? (
            <p>{t.startOfHistory(title)}</p>
          ) : loading?.hasFailed ? (
            <p>
              {t.loadOlderFailed}{' '}
              <button type="button" className="link-button" onClick={() => void chat.loadOlder(peer)}>
                {t.retry}
              </button>
            </p>
          ) : loading?.isLoading || !isSynced ? (
            <p>
              <span className="spinner" aria-hidden="true" /> {t.loadingOlder}
            </p>
          ) : null}
        </div>
        <Virtualizer
          ref={list}
          as="ol"
          item="li"
          scrollRef={scroller}
          startMargin={TOP_PX}
          shift={isPrepend}
          keepMounted={keepMounted}
          bufferSize={500}
          data={rows}
        >
          {({ message, isGroupStart, showsDay, showsUnread }, i) => (
            <MessageRow
              key={message.key}
              message={message}
              authorJid={message.mine ? account : peer}
              author={message.mine ? t.ownAuthor : title}
              isGroupStart={isGroupStart}
              showsDay={showsDay}
              showsUnread={showsUnread}
              isHeld={isHeld({ suspensions, held }, message)}
              isTabStop={i === activeIndex}
              position={messages.length - rows.length + i + 1}
            />
          )}
        </Virtualizer>
      </div>
      {(newBelow > 0 || isScrolledUp) && (
        <button type="button" className="jump" data-new={newBelow > 0} onClick={toEnd}>
          <Icon name="down" size={16} />
          {newBelow > 0 ? t.jumpToNew(newBelow) : t.jumpToLatest}
        </button>
      )}
    </section>
  )
}
