import { useId, useState } from 'react'
import { bareJid, domainpart, typedJid } from '../protocol/jid.ts'
import { listConversations } from '../state/conversations.ts'
import { Avatar } from './Avatar.tsx'
import { Dialog } from './Dialog.tsx'
import { useChat, useChatState, useTexts } from './use-store.ts'

/** Asks whom to write to: by name at our own domain, by full address, or from the contacts. */
export function NewConversationDialog({
  onClose,
  onOpen,
}: {
  readonly onClose: () => void
  readonly onOpen: (peer: string) => void
}) {
  const chat = useChat()
  const { t } = useTexts()
  const id = useId()
  const account = useChatState((state) => state.account)
  const [typed, setTyped] = useState('')
  const [hasProblem, setProblem] = useState(false)
  const [addsContact, setAddsContact] = useState(true)
  const suggestions = typed.trim() === '' ? [] : listConversations(chat.store.get(), typed).slice(0, 5)

  function start(jid: string | undefined) {
    if (jid === undefined || jid === account) return setProblem(true)
    const isNew = chat.store.get().roster[jid] === undefined
    if (addsContact && isNew) chat.contacts.add(jid, '').catch(() => undefined)
    onOpen(bareJid(jid))
  }

  return (
    <Dialog title={t.dialogNewTitle} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          start(typedJid(typed, domainpart(account)))
        }}
      >
        <label htmlFor={id}>{t.dialogNewAddress}</label>
        <input
          id={id}
          autoFocus
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={typed}
          aria-describedby={`${id}-hint`}
          aria-invalid={hasProblem}
          onChange={(event) => {
            setTyped(event.target.value)
            setProblem(false)
          }}
        />
        <p className="hint" id={`${id}-hint`}>
          {hasProblem ? (
            <span className="field-problem">{t.problemAddress}</span>
          ) : (
            t.dialogNewHint(domainpart(account))
          )}
        </p>
        {suggestions.length > 0 && (
          <ul className="suggestions">
            {suggestions.map(({ peer, title }) => (
              <li key={peer}>
                <button type="button" className="suggestion" onClick={() => onOpen(peer)}>
                  <Avatar jid={peer} size="small" hasPresence />
                  <bdi>{title}</bdi>
                  <bdi className="hint">{peer}</bdi>
                </button>
              </li>
            ))}
          </ul>
        )}
        <label className="check">
          <input type="checkbox" checked={addsContact} onChange={(event) => setAddsContact(event.target.checked)} />
          <span>{t.addContact}</span>
        </label>
        <div className="button-row end">
          <button type="button" className="button" onClick={onClose}>
            {t.cancel}
          </button>
          <button type="submit" className="button primary">
            {t.dialogNewStart}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
