import { useId, useRef, useState, type KeyboardEvent } from 'react'
import { bareJid, domainpart, typedJid } from '../protocol/jid.ts'
import { listConversations } from '../state/conversations.ts'
import { Avatar } from './Avatar.tsx'
import { Dialog } from '@drawbridge/ui'
import { usePeopleSearch } from './use-people-search.ts'
import { useChat, useChatState, useTexts } from './use-store.ts'

/** Somebody to write to: with whom there is a conversation or who is a contact, or whom the directory has. */
interface Suggestion {
  readonly jid: string
  readonly name: string
  /** Units, or nothing. */
  readonly note: string
  readonly isKnown: boolean
}

const KNOWN_MAX = 5

/** Asks whom to write to: by name, as contacts, directory and our own domain have it, or by full address. */
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
  const list = useRef<HTMLUListElement>(null)
  const { people, isSettled } = usePeopleSearch(typed)
  const known: Suggestion[] =
    typed.trim() === ''
      ? []
      : listConversations(chat.store.get(), typed)
          .slice(0, KNOWN_MAX)
          .map(({ peer, title }) => ({ jid: peer, name: title, note: '', isKnown: true }))
  const found = people
    .filter(({ jid }) => !known.some((suggestion) => suggestion.jid === jid))
    .map(({ jid, name, units }): Suggestion => ({ jid, name, note: units.join(', '), isKnown: false }))
  const suggestions = [...known, ...found]

  function start(jid: string | undefined) {
    if (jid === undefined || jid === account) return setProblem(true)
    const isNew = chat.store.get().roster[jid] === undefined
    if (addsContact && isNew) chat.contacts.add(jid, '').catch(() => undefined)
    onOpen(bareJid(jid))
  }

  /** Arrow keys walk from the field through the list and back. */
  function walk(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined || event.nativeEvent.isComposing) return
    const stops = [...(list.current?.querySelectorAll('button') ?? [])]
    const at = stops.findIndex((stop) => stop === document.activeElement)
    if (stops.length === 0 || (at === -1 && step === -1)) return
    event.preventDefault()
    const next = stops[at + step] ?? (at + step < 0 ? document.getElementById(id) : undefined)
    if (next instanceof HTMLElement) next.focus()
  }

  return (
    <Dialog title={t.dialogNewTitle} onClose={onClose}>
      <form
        className="stack"
        onKeyDown={walk}
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
          <ul className="suggestions" ref={list} aria-label={t.dialogNewPeople}>
            {suggestions.map(({ jid, name, note, isKnown }) => (
              <li key={jid}>
                <button type="button" className="suggestion" onClick={() => (isKnown ? onOpen(jid) : start(jid))}>
                  <Avatar jid={jid} size="small" hasPresence={isKnown} />
                  <bdi>{name}</bdi>
                  <bdi className="hint">{note === '' ? jid : `${note} · ${jid}`}</bdi>
                </button>
              </li>
            ))}
          </ul>
        )}
        <output className="hint" data-people={isSettled ? 'settled' : 'searching'}>
          {typed.trim() !== '' && isSettled && suggestions.length === 0 && t.dialogNewNobody(typed.trim())}
        </output>
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
