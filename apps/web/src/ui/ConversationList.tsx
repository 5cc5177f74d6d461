import { useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { bestPresence } from '../protocol/presence.ts'
import { isSubscribed } from '../protocol/roster.ts'
import { hidesMessages } from '../protocol/suspension.ts'
import { listConversations, titleOf } from '../state/conversations.ts'
import { unreadCount } from '../state/unread.ts'
import { Avatar, availabilityOf } from './Avatar.tsx'
import { formatShort } from './format.ts'
import { contentText } from './MessageRow.tsx'
import { Icon } from './icons.tsx'
import { useChat, useChatState, useMediaOrigins, useTexts } from './use-store.ts'

export interface ConversationListProps {
  readonly onOpen: (peer: string) => void
  readonly onNew: () => void
}

/** Conversations and contacts, latest first, with a filter; requests of others above them. */
export function ConversationList({ onOpen, onNew }: ConversationListProps) {
  const chat = useChat()
  const { t } = useTexts()
  const [filter, setFilter] = useState('')
  const list = useRef<HTMLUListElement>(null)
  const open = useChatState((state) => state.open)
  const isSynced = useChatState((state) => state.isSynced)
  const [timelines, roster, read, account] = useChatState(
    (state) => [state.timelines, state.roster, state.read, state.account] as const,
  )
  const conversations = useMemo(
    () => listConversations({ ...chat.store.get(), timelines, roster, read, account, open }, filter),
    [chat, timelines, roster, read, account, open, filter],
  )
  const active = conversations.some(({ peer }) => peer === open) ? open : conversations[0]?.peer

  function onKeyDown(event: KeyboardEvent) {
    const buttons = [...(list.current?.querySelectorAll<HTMLButtonElement>('.conversation') ?? [])]
    const index = buttons.indexOf(document.activeElement as HTMLButtonElement)
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: buttons.length - 1 }[event.key]
    if (target === undefined) return
    event.preventDefault()
    if (target < 0) document.querySelector<HTMLInputElement>('#filter')?.focus()
    else buttons[Math.min(target, buttons.length - 1)]?.focus()
  }

  return (
    <nav className="sidebar" aria-label={t.conversations}>
      <div className="sidebar-head">
        <h2>{t.conversations}</h2>
        <button
          type="button"
          className="icon-button accent"
          onClick={onNew}
          aria-label={t.newConversation}
          title={t.newConversation}
        >
          <Icon name="plus" />
        </button>
      </div>
      <div className="filter" role="search">
        <Icon name="search" size={16} />
        <input
          id="filter"
          type="search"
          value={filter}
          placeholder={t.filterConversations}
          aria-label={t.filterConversations}
          aria-keyshortcuts="Control+K"
          onChange={(event) => setFilter(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setFilter('')
            if (event.key === 'ArrowDown') {
              event.preventDefault()
              list.current?.querySelector<HTMLButtonElement>('.conversation')?.focus()
            }
            if (event.key === 'Enter' && conversations[0]) {
              setFilter('')
              onOpen(conversations[0].peer)
            }
          }}
        />
      </div>
      <Requests />
      <ul ref={list} className="conversations" aria-label={t.conversations} onKeyDown={onKeyDown}>
        {conversations.map(({ peer }) => (
          <ConversationLine key={peer} peer={peer} isOpen={peer === open} isTabStop={peer === active} onOpen={onOpen} />
        ))}
        {!isSynced &&
          conversations.length === 0 &&
          [0, 1, 2, 3].map((i) => <li key={i} className="skeleton" aria-hidden="true" />)}
      </ul>
      {isSynced && conversations.length === 0 && (
        <div className="empty">
          {filter.trim() === '' ? (
            <>
              <h3>{t.noConversationsTitle}</h3>
              <p>{t.noConversationsText}</p>
              <button type="button" className="button" onClick={onNew}>
                {t.newConversation}
              </button>
            </>
          ) : (
            <p>{t.noMatches(filter.trim())}</p>
          )}
        </div>
      )}
    </nav>
  )
}

interface ConversationLineProps {
  readonly peer: string
  readonly isOpen: boolean
  readonly isTabStop: boolean
  readonly onOpen: (peer: string) => void
}

function ConversationLine({ peer, isOpen, isTabStop, onOpen }: ConversationLineProps) {
  const { t, language } = useTexts()
  const origins = useMediaOrigins()
  const title = useChatState((state) => titleOf(state, peer))
  const last = useChatState((state) => state.timelines[peer]?.messages.at(-1))
  const unread = useChatState((state) => unreadCount(state.timelines[peer]?.messages ?? [], state.read[peer]))
  const draft = useChatState((state) => state.drafts[peer]?.trim() ?? '')
  const availability = useChatState((state) => availabilityOf(state, peer))
  const seesPresence = useChatState((state) => isSubscribed(state.roster[peer]))
  const status = useChatState((state) => bestPresence(Object.values(state.presence[peer] ?? {}))?.status ?? '')
  const isHidden = useChatState((state) => hidesMessages(state.suspensions))
  const preview = !last ? status : isHidden ? t.previewHidden : contentText(last, origins, t)
  return (
    <li>
      <button
        type="button"
        className="conversation"
        data-testid="conversation"
        data-jid={peer}
        data-unread={unread > 0}
        aria-current={isOpen ? 'page' : undefined}
        tabIndex={isTabStop ? 0 : -1}
        onClick={() => onOpen(peer)}
      >
        <Avatar jid={peer} size="medium" hasPresence={seesPresence} />
        <span className="conversation-title">
          <bdi>{title}</bdi>
          {seesPresence && <span className="visually-hidden">, {t.availability(availability)}</span>}
        </span>
        {last && (
          <time className="conversation-time" dateTime={new Date(last.at).toISOString()}>
            {formatShort(last.at, Date.now(), language, t)}
          </time>
        )}
        <span className="conversation-preview" dir="auto">
          {draft !== '' && !isOpen ? (
            <>
              <em>{t.draft}</em> {draft}
            </>
          ) : (
            <>
              {last?.mine && !isHidden && <span className="conversation-you">{t.you} </span>}
              {preview.slice(0, 160)}
            </>
          )}
        </span>
        {unread > 0 && (
          <span className="badge">
            <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
            <span className="visually-hidden">, {t.unread(unread)}</span>
          </span>
        )}
      </button>
    </li>
  )
}

/** People who ask to see our presence, answered on the spot. */
function Requests() {
  const chat = useChat()
  const { t } = useTexts()
  const requests = useChatState((state) => state.requests)
  if (requests.length === 0) return null
  return (
    <ul className="requests" data-testid="requests">
      {requests.map((jid) => (
        <li key={jid}>
          <Avatar jid={jid} size="medium" />
          <p>
            <strong>
              <bdi>{jid}</bdi>
            </strong>{' '}
            {t.requestTitle}
          </p>
          <div className="button-row">
            <button
              type="button"
              className="button primary small"
              aria-label={t.acceptFrom(jid)}
              onClick={() => void chat.contacts.answer(jid, true).catch(() => undefined)}
            >
              {t.accept}
            </button>
            <button
              type="button"
              className="button small"
              aria-label={t.declineFrom(jid)}
              onClick={() => void chat.contacts.answer(jid, false).catch(() => undefined)}
            >
              {t.decline}
            </button>
          </div>
        </li>
      ))}
    </ul>
  )
}
