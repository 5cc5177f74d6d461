import { memo } from 'react'
import { firstPage } from '../state/links.ts'
import { isShownAsImage } from '../state/media.ts'
import { DISCARDED, TOO_LONG } from '../state/outbox.ts'
import { plainText } from '../state/styling.ts'
import type { ChatMessage, DeliveryState } from '../state/timeline.ts'
import type { Texts } from '../texts/index.ts'
import { Avatar } from './Avatar.tsx'
import { formatDay, formatInstant, formatTime } from './format.ts'
import { Icon, type IconName } from './icons.tsx'
import { LinkCard } from './LinkCard.tsx'
import { MessageMedia } from './MessageMedia.tsx'
import { MessageText } from './MessageText.tsx'
import { usePreferences } from './preferences.ts'
import { useChat, useChatState, useMediaOrigins, useTexts } from './use-store.ts'

/** What is shown: also that the server keeps it back, or that it cannot go out for now. */
export type ShownState = DeliveryState | 'held' | 'stopped'

export interface MessageRowProps {
  readonly message: ChatMessage
  readonly authorJid: string
  readonly author: string
  readonly isGroupStart: boolean
  readonly showsDay: boolean
  readonly showsUnread: boolean
  readonly isHeld: boolean
  /** It is not sent, and a suspension is why. */
  readonly isStopped: boolean
  readonly isTabStop: boolean
  readonly position: number
  /** Shows the image of a message in full. */
  readonly onOpenImage: (key: string) => void
}

const STATE_ICONS: Record<ShownState, IconName> = {
  queued: 'clock',
  sent: 'check',
  recorded: 'stored',
  delivered: 'checks',
  held: 'pause',
  stopped: 'pause',
  failed: 'warning',
}

/** One message with what stands above it: the day, and the line above what is unread. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { message, authorJid, author, isGroupStart, showsDay, showsUnread, isHeld, isTabStop, position, onOpenImage } =
    props
  const { t, language } = useTexts()
  const origins = useMediaOrigins()
  const state: ShownState = isHeld ? 'held' : props.isStopped ? 'stopped' : message.state
  const text = contentText(message, origins, t)
  const parts = [author, text, formatTime(message.at, language), ...(message.mine ? [stateText(state, t)] : [])]
  return (
    <>
      {showsDay && (
        <h3 className="divider">
          <span>{formatDay(message.at, Date.now(), language, t)}</span>
        </h3>
      )}
      {showsUnread && (
        <h3 className="divider unread" data-testid="unread-divider">
          <span>{t.newMessages}</span>
        </h3>
      )}
      <article
        className="message"
        data-testid="message"
        data-key={message.key}
        data-mine={message.mine}
        data-state={message.mine ? state : undefined}
        data-start={isGroupStart}
        aria-label={parts.join(', ')}
        aria-posinset={position}
        aria-setsize={-1}
        tabIndex={isTabStop ? 0 : -1}
      >
        {isGroupStart ? (
          <Avatar jid={authorJid} size="medium" />
        ) : (
          <time className="message-gutter" dateTime={new Date(message.at).toISOString()}>
            {formatTime(message.at, language)}
          </time>
        )}
        <div className="message-content">
          {isGroupStart && (
            <header className="message-head">
              <bdi className="message-author">{author}</bdi>
              <time dateTime={new Date(message.at).toISOString()} title={formatInstant(message.at, language)}>
                {formatTime(message.at, language)}
              </time>
            </header>
          )}
          <MessageBody message={message} author={author} onOpenImage={onOpenImage} />
          {message.state === 'failed' && <FailedNote message={message} />}
        </div>
        {message.mine && (
          <span className="message-state" data-state={state} title={stateText(state, t)}>
            <Icon name={STATE_ICONS[state]} size={15} />
            {(state === 'held' || state === 'stopped') && <span>{stateText(state, t)}</span>}
          </span>
        )}
      </article>
    </>
  )
})

/** What a message is about, in a line: for the list of conversations, and for whoever cannot see it. */
export function contentText(
  { media, encryption, isUnstyled, body }: ChatMessage,
  origins: readonly string[],
  t: Texts,
): string {
  if (encryption !== undefined) return t.encryptedMessage
  if (!media) return isUnstyled ? body : plainText(body)
  return isShownAsImage(media, origins) ? (media.description ?? t.image) : media.name
}

type MessageBodyProps = Pick<MessageRowProps, 'message' | 'author' | 'onOpenImage'>

function MessageBody({ message, author, onOpenImage }: MessageBodyProps) {
  const { t } = useTexts()
  const { showsPreviews } = usePreferences()
  const hasPreviews = useChatState((state) => state.hasPreviews)
  const origins = useMediaOrigins()
  const { key, mine, body, media, isUnstyled = false, encryption } = message
  if (encryption !== undefined) {
    return (
      <p className="encrypted" data-testid="encrypted">
        <Icon name="lock" size={16} />
        {t.encryptedText(encryption)}
      </p>
    )
  }
  if (media) return <MessageMedia media={media} author={author} isMine={mine} onOpen={() => onOpenImage(key)} />
  const link = hasPreviews && showsPreviews ? firstPage(body, origins) : undefined
  return (
    <>
      <MessageText text={body} isUnstyled={isUnstyled} />
      {link !== undefined && <LinkCard href={link} />}
    </>
  )
}

/** Why a message was not sent, and what can be done about it. */
function FailedNote({ message }: { readonly message: ChatMessage }) {
  const chat = useChat()
  const { t } = useTexts()
  return (
    <div className="failed" data-testid="failed">
      <span>{failureText(message.failure, t)}</span>
      <button type="button" className="link-button" tabIndex={-1} onClick={() => chat.retry(message.key)}>
        {t.retry}
      </button>
      <button type="button" className="link-button" tabIndex={-1} onClick={() => chat.discard(message.key)}>
        {t.discard}
      </button>
    </div>
  )
}

export function stateText(state: ShownState, t: Texts): string {
  const texts = {
    queued: t.stateQueued,
    sent: t.stateSent,
    recorded: t.stateRecorded,
    delivered: t.stateDelivered,
    held: t.stateHeld,
    stopped: t.stateStopped,
    failed: t.stateFailed,
  }
  return texts[state]
}

function failureText(failure: ChatMessage['failure'], t: Texts): string {
  if (failure?.condition === DISCARDED.condition) return t.discardedByAdministrator
  if (failure?.condition === TOO_LONG.condition) return t.tooLong
  return t.failedReason(failure?.text || conditionText(failure?.condition, t))
}

/** Words for the stanza errors a sender meets (RFC 6120 §8.3.3), where the server sent none of its own. */
function conditionText(condition: string | undefined, t: Texts): string {
  if (condition === 'item-not-found' || condition === 'service-unavailable') return t.reasonUnknownPerson
  if (condition === 'policy-violation' || condition === 'forbidden' || condition === 'not-allowed')
    return t.reasonNotAllowed
  if (condition === 'not-acceptable') return t.reasonBlocked
  return t.reasonOther
}
