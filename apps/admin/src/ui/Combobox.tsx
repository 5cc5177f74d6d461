import { useEffect, useId, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import { useTexts } from '../texts/index.ts'
import { useSuggestions } from './use-suggestions.ts'
import type { SuggestedKind } from './use-suggestions.ts'

/** What a field with a label gives to what is in it. */
export interface FieldIds {
  readonly id: string
  readonly 'aria-describedby'?: string
}

export interface ComboboxProps {
  readonly ids: FieldIds
  /** What there is to choose from; absent: anything may be typed. */
  readonly kind: SuggestedKind | undefined
  readonly value: string
  readonly onType: (text: string) => void
  /** One of the suggestions was chosen. */
  readonly onChoose: (name: string) => void
  /** Enter or a comma, with nothing chosen. Absent: Enter does what it does in a form. */
  readonly onCommit?: () => void
  /** Backspace, where there is nothing to take away. */
  readonly onBack?: () => void
  readonly isRequired?: boolean
}

/**
 * A text field that suggests what there is, asked from the server while somebody types (WAI-ARIA APG, editable combobox
 * with list autocomplete). The focus stays in the field; arrows choose, Enter takes, Escape closes.
 */
export function Combobox({ ids, kind, value, onType, onChoose, onCommit, onBack, isRequired }: ComboboxProps) {
  const { t } = useTexts()
  const listId = useId()
  const [isOpen, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const { options, isLoading, isCut } = useSuggestions(kind, value, isOpen)
  const list = useRef<HTMLUListElement>(null)
  const isShown = isOpen && options.length > 0
  const chosen = isShown ? options[active] : undefined
  useEffect(() => {
    if (chosen) list.current?.children[active]?.scrollIntoView({ block: 'nearest' })
  }, [active, chosen])

  const close = () => {
    setOpen(false)
    setActive(-1)
  }
  const choose = (name: string) => {
    close()
    onChoose(name)
  }
  const move = (by: number) => {
    setOpen(true)
    setActive((known) =>
      options.length === 0 ? -1 : (Math.max(known, by > 0 ? -1 : 0) + by + options.length) % options.length,
    )
  }
  const press: Readonly<Record<string, (event: KeyboardEvent) => boolean>> = {
    ArrowDown: () => (move(1), true),
    ArrowUp: () => (move(-1), true),
    Escape: () => {
      if (!isShown) return false
      close()
      return true
    },
    Enter: () => {
      if (chosen) return (choose(chosen.name), true)
      if (!onCommit || value.trim() === '') return false
      close()
      return (onCommit(), true)
    },
    ',': () => onCommit !== undefined && (onCommit(), true),
    Backspace: () => {
      if (value === '') onBack?.()
      return false
    },
  }
  return (
    <div className="combobox">
      <input
        {...ids}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={listId}
        aria-activedescendant={chosen ? `${listId}-${active}` : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required={isRequired}
        value={value}
        onChange={({ target }) => {
          setActive(-1)
          setOpen(true)
          onType(target.value)
        }}
        onClick={() => setOpen(true)}
        onBlur={close}
        onKeyDown={(event) => {
          if (press[event.key]?.(event)) {
            event.preventDefault()
            event.stopPropagation()
          }
        }}
      />
      <ul ref={list} id={listId} role="listbox" aria-label={t.suggestions} hidden={!isShown} className="options">
        {options.map(({ name, note }, index) => (
          <li
            key={name}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === active}
            // The focus stays where it is.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(name)}
          >
            <bdi>{name}</bdi> {note && <span className="soft">{note}</span>}
          </li>
        ))}
      </ul>
      <span role="status" className="visually-hidden">
        {isOpen && kind !== undefined && !isLoading && t.suggested(options.length, isCut)}
      </span>
    </div>
  )
}
