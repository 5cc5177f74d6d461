import { useState, type DragEvent } from 'react'
import { bestPresence } from '../protocol/presence.ts'
import { isSubscribed } from '../protocol/roster.ts'
import { hidesMessages, stopsSending, suspensionFor } from '../protocol/suspension.ts'
import { titleOf } from '../state/conversations.ts'
import type { Place } from '../storage/database.ts'
import { Avatar, availabilityOf } from './Avatar.tsx'
import { Composer } from './Composer.tsx'
import { ConversationPolicy } from './ConversationPolicy.tsx'
import { Icon } from './icons.tsx'
import { Timeline, type TimelineProps } from './Timeline.tsx'
import { UploadTray } from './UploadTray.tsx'
import { useChat, useChatState, useTexts } from './use-store.ts'

export interface ConversationPaneProps {
  readonly peer: string
  readonly place: Place | undefined
  readonly placeSource: TimelineProps['placeSource']
  readonly onBack: () => void
}

export function ConversationPane({ peer, place, placeSource, onBack }: ConversationPaneProps) {
  const chat = useChat()
  const { t } = useTexts()
  const [isDropping, setDropping] = useState(false)
  const isHidden = useChatState((state) => hidesMessages(state.suspensions))
  const isStopped = useChatState((state) => stopsSending(suspensionFor(state.suspensions, 'message')))

  function onDrag(event: DragEvent, isOver: boolean) {
    if (isStopped || !event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    setDropping(isOver)
  }

  return (
    <section
      className="pane"
      aria-label={t.messagesWith(titleOf(chat.store.get(), peer))}
      onDragOver={(event) => onDrag(event, true)}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropping(false)
      }}
      onDrop={(event) => {
        onDrag(event, false)
        const files = [...event.dataTransfer.files]
        if (files.length > 0 && !isStopped) chat.uploads.attach(peer, files)
      }}
    >
      <PaneHeader peer={peer} onBack={onBack} />
      {isHidden ? (
        <section className="timeline timeline-hidden" data-testid="timeline-hidden" aria-label={t.messages}>
          <Icon name="pause" size={32} />
          <p>{t.messagesHidden}</p>
        </section>
      ) : (
        <Timeline peer={peer} place={place} placeSource={placeSource} />
      )}
      <UploadTray peer={peer} />
      <Composer peer={peer} caret={place?.caret} />
      {isDropping && (
        <div className="drop-target">
          <Icon name="attach" size={32} />
          {t.dropHere}
        </div>
      )}
    </section>
  )
}

function PaneHeader({ peer, onBack }: { readonly peer: string; readonly onBack: () => void }) {
  const chat = useChat()
  const { t } = useTexts()
  const title = useChatState((state) => titleOf(state, peer))
  const availability = useChatState((state) => availabilityOf(state, peer))
  const status = useChatState((state) => bestPresence(Object.values(state.presence[peer] ?? {}))?.status ?? '')
  const contact = useChatState((state) => state.roster[peer])
  const seesPresence = isSubscribed(contact)
  return (
    <header className="pane-header">
      <button type="button" className="icon-button back" onClick={onBack} aria-label={t.back}>
        <Icon name="back" />
      </button>
      <Avatar jid={peer} size="medium" hasPresence={seesPresence} />
      <div className="pane-title">
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <p dir="auto">{seesPresence ? status || t.availability(availability) : <bdi>{peer}</bdi>}</p>
      </div>
      {contact?.isPending && !seesPresence && <span className="hint">{t.contactPending}</span>}
      {(!contact || (!seesPresence && !contact.isPending)) && (
        <button
          type="button"
          className="button small add-contact"
          onClick={() => void chat.contacts.add(peer, '').catch(() => undefined)}
        >
          <Icon name="personAdd" size={16} />
          <span>{t.addContact}</span>
        </button>
      )}
      <ConversationPolicy key={peer} peer={peer} />
    </header>
  )
}
