import { useEffect, useLayoutEffect, useRef, type ClipboardEvent, type KeyboardEvent } from 'react'
import { titleOf } from '../state/conversations.ts'
import { stopsSending, suspensionFor } from '../protocol/suspension.ts'
import { Icon } from './icons.tsx'
import { useChat, useChatState, useNetwork, useTexts } from './use-store.ts'

const MAX_HEIGHT_PX = 220

/** Where a message is written. Never silently dead: when nothing goes out, a label says what happens to it. */
export function Composer({ peer, caret }: { readonly peer: string; readonly caret: number | undefined }) {
  const chat = useChat()
  const { t } = useTexts()
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const title = useChatState((state) => titleOf(state, peer))
  const text = useChatState((state) => state.drafts[peer] ?? '')
  const isOnline = useChatState((state) => state.connection.kind === 'online')
  const hasNetwork = useNetwork()
  const suspension = useChatState((state) => suspensionFor(state.suspensions, 'message'))
  const isStopped = stopsSending(suspension)
  const mode = isStopped ? 'read-only' : suspension?.mode
  const heldCount = useChatState((state) => state.held.size)
  const hasText = text.trim() !== '' && !isStopped

  useLayoutEffect(() => {
    const element = area.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(MAX_HEIGHT_PX, element.scrollHeight)}px`
  }, [text])

  useEffect(() => {
    const element = area.current
    if (!element || !matchMedia('(pointer: fine)').matches) return
    element.focus({ preventScroll: true })
    const at = caret ?? element.value.length
    element.setSelectionRange(at, at)
  }, [caret])

  function send() {
    const body = text.trim()
    if (body === '' || isStopped) return
    chat.saveDraft(peer, '')
    chat.send(peer, body)
  }

  function onKeyDown(event: KeyboardEvent) {
    // During composition Enter picks a character (IME).
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }

  function onPaste(event: ClipboardEvent) {
    const files = [...event.clipboardData.files]
    if (files.length === 0) return
    event.preventDefault()
    if (isStopped) return
    chat.uploads.attach(peer, files)
  }

  const note = !isOnline
    ? hasNetwork
      ? t.composerServerAway
      : t.composerOffline
    : isStopped
      ? t.composerReadOnly
      : mode === 'hold'
        ? t.composerHold(heldCount)
        : heldCount > 0
          ? t.composerReview(heldCount)
          : undefined
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
        area.current?.focus()
      }}
    >
      <div className="composer-box" data-mode={mode}>
        <button
          type="button"
          className="icon-button"
          aria-label={t.attach}
          title={t.attach}
          disabled={isStopped}
          onClick={() => picker.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          data-testid="file-picker"
          onChange={({ target }) => {
            const files = [...(target.files ?? [])]
            target.value = ''
            if (files.length > 0) chat.uploads.attach(peer, files)
          }}
        />
        <textarea
          ref={area}
          rows={1}
          dir="auto"
          data-testid="composer"
          aria-label={t.message}
          aria-describedby="composer-note"
          placeholder={t.messageTo(title)}
          value={text}
          readOnly={isStopped}
          onChange={(event) => chat.saveDraft(peer, event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <button
          type="submit"
          className="icon-button send"
          aria-label={t.send}
          title={t.send}
          aria-disabled={!hasText}
          data-ready={hasText}
        >
          <Icon name="send" />
        </button>
      </div>
      <p className="composer-note" id="composer-note" data-quiet={note === undefined}>
        {note ?? t.composerHint}
      </p>
    </form>
  )
}
