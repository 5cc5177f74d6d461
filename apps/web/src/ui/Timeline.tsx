import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import type { Place } from '../storage/database.ts'
import { stopsSending, suspensionFor } from '../protocol/suspension.ts'
import { isHeld } from '../state/chat-state.ts'
import { titleOf } from '../state/conversations.ts'
import { isShownAsImage } from '../state/media.ts'
import { rowsFrom } from '../state/rows.ts'
import { EMPTY_TIMELINE } from '../state/timeline.ts'
import { Icon } from './icons.tsx'
import { ImageViewer, type ViewedImage } from './ImageViewer.tsx'
import { MessageRow } from './MessageRow.tsx'
import { useChat, useChatState, useMediaOrigins, useTexts } from './use-store.ts'
import { useTimelinePosition } from './use-timeline-position.ts'

/** Height of what stands above the first message; reserved, so that loading moves nothing. */
const TOP_PX = 88

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
  const isOnline = useChatState((state) => state.connection.kind === 'online')
  const account = useChatState((state) => state.account)
  const title = useChatState((state) => titleOf(state, peer))
  const isStopped = useChatState((state) => stopsSending(suspensionFor(state.suspensions, 'message')))
  const held = useChatState((state) => state.held)
  const origins = useMediaOrigins()
  const { messages } = timeline

  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const [unreadKey, setUnreadKey] = useState<string | undefined>(undefined)
  const [activeKey, setActiveKey] = useState<string | undefined>(undefined)
  const [viewing, setViewing] = useState<string | undefined>(undefined)
  const closeViewer = useCallback(() => setViewing(undefined), [])
  const rows = useMemo(() => rowsFrom(timeline, unreadKey), [timeline, unreadKey])

  const position = useTimelinePosition({
    chat,
    peer,
    rows,
    place,
    isSynced,
    isOnline,
    unreadKey,
    setUnreadKey,
    scroller,
    list,
  })
  const { where } = position

  const activeIndex =
    activeKey === undefined ? rows.length - 1 : rows.findIndex(({ message }) => message.key === activeKey)
  const keepMounted = useMemo(() => (activeIndex >= 0 ? [activeIndex] : []), [activeIndex])

  useEffect(() => {
    placeSource.current = where
    return () => {
      placeSource.current = undefined
    }
  }, [placeSource, where])

  function focusRow(index: number) {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (!row) return
    const { key } = row.message
    setActiveKey(key)
    position.toRow(rows.indexOf(row))
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

  function imagesOf(): ViewedImage[] {
    return messages.flatMap(({ key, media, mine }) =>
      media && isShownAsImage(media, origins) ? [{ key, media, author: mine ? t.ownAuthor : title }] : [],
    )
  }

  function onKeyDown(event: KeyboardEvent) {
    const target = event.target as HTMLElement
    const article = target.closest<HTMLElement>('article')
    if (!article || event.altKey || event.ctrlKey || event.metaKey) return
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
        onScroll={position.onScroll}
        onWheel={position.onHandsOn}
        onTouchMove={position.onHandsOn}
        onPointerDown={position.onHandsOn}
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
          shift={position.isPrepend}
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
              isHeld={isHeld(held, message)}
              isStopped={isStopped && message.state === 'queued'}
              isTabStop={i === activeIndex}
              position={messages.length - rows.length + i + 1}
              onOpenImage={setViewing}
            />
          )}
        </Virtualizer>
      </div>
      {(position.newBelow > 0 || position.isScrolledUp) && (
        <button type="button" className="jump" data-new={position.newBelow > 0} onClick={position.toEnd}>
          <Icon name="down" size={16} />
          {position.newBelow > 0 ? t.jumpToNew(position.newBelow) : t.jumpToLatest}
        </button>
      )}
      {viewing !== undefined && (
        <ImageViewer images={imagesOf()} at={viewing} onMove={setViewing} onClose={closeViewer} />
      )}
    </section>
  )
}
