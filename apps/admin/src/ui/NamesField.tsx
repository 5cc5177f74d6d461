import { useState } from 'react'
import { namedIn } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Combobox } from './Combobox.tsx'
import { Field } from './parts.tsx'
import type { SuggestedKind } from './use-suggestions.ts'

/** One name, chosen from what there is or typed. */
export function NameField({
  label,
  hint,
  kind,
  value,
  onChange,
  isRequired = false,
}: {
  readonly label: string
  readonly hint?: string
  readonly kind: SuggestedKind
  readonly value: string
  readonly onChange: (name: string) => void
  readonly isRequired?: boolean
}) {
  return (
    <Field label={label} {...(hint && { hint })}>
      {(ids) => (
        <Combobox ids={ids} kind={kind} value={value} onType={onChange} onChoose={onChange} isRequired={isRequired} />
      )}
    </Field>
  )
}

/**
 * Several names, each chosen from what there is or typed: Enter or a comma ends one, and Backspace in the empty field takes
 * the last one back. What is being typed counts already, so that nothing has to be pressed, or moves, before a button is.
 */
export function NamesField({
  label,
  hint,
  kind,
  names,
  onChange,
}: {
  readonly label: string
  readonly hint?: string
  readonly kind: SuggestedKind | undefined
  /** With commas between them. */
  readonly names: string
  readonly onChange: (names: string) => void
}) {
  const [typed, setTyped] = useState('')
  const all = namedIn(names)
  const pending = namedIn(typed)
  // Whoever keeps the names may have emptied the form meanwhile.
  const isStale = pending.some((name) => !all.includes(name))
  const done = isStale ? all : all.filter((name) => !pending.includes(name))
  const put = (text: string, next: readonly string[]) => {
    setTyped(text)
    onChange([...new Set([...next, ...namedIn(text)])].join(', '))
  }
  return (
    <Field label={label} {...(hint && { hint })}>
      {(ids) => (
        <>
          <Combobox
            ids={ids}
            kind={kind}
            value={isStale ? '' : typed}
            onType={(text) => put(text, done)}
            onChoose={(name) => put('', [...done, name])}
            onCommit={() => put('', [...done, ...pending])}
            onBack={() => put('', done.slice(0, -1))}
          />
          <Chips
            names={done}
            onRemove={(name) =>
              put(
                typed,
                done.filter((other) => other !== name),
              )
            }
          />
        </>
      )}
    </Field>
  )
}

/** Names that were chosen, each of which goes when it is pressed. */
export function Chips({
  names,
  shown = (name) => name,
  onRemove,
}: {
  readonly names: readonly string[]
  /** How people say a name. */
  readonly shown?: (name: string) => string
  readonly onRemove: (name: string) => void
}) {
  const { t } = useTexts()
  if (names.length === 0) return null
  return (
    <ul className="chips">
      {names.map((name) => (
        <li key={name}>
          <button type="button" className="chip" aria-label={t.removeName(shown(name))} onClick={() => onRemove(name)}>
            <bdi>{shown(name)}</bdi> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
