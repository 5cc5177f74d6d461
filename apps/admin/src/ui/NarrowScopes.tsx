import { useState } from 'react'
import { scopeText } from '../model/scopes.ts'
import { namedIn, NARROW_SCOPES } from '../model/suspension-draft.ts'
import type { NarrowScope } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Combobox } from './Combobox.tsx'
import { Chips } from './NamesField.tsx'
import { Choice, Field } from './parts.tsx'
import type { SuggestedKind } from './use-suggestions.ts'

/** What can be looked up; of the others there is no list. */
const KINDS: Readonly<Partial<Record<NarrowScope, SuggestedKind>>> = {
  group: 'unit',
  room: 'room',
  client: 'family',
  format: 'format',
}

/** Scopes with a value, such as a unit: chosen from what is there, where that can be listed, so that no name is misspelled. */
export function NarrowScopes({
  narrow,
  onChange,
}: {
  /** Scopes by commas. */
  readonly narrow: string
  readonly onChange: (narrow: string) => void
}) {
  const { t } = useTexts()
  const [kind, setKind] = useState<NarrowScope>('group')
  const [typed, setTyped] = useState('')
  const all = namedIn(narrow)
  const pending = scopeOf(kind, typed)
  // What is being typed counts already; whoever keeps the scopes may have emptied the form meanwhile.
  const isStale = pending !== undefined && !all.includes(pending)
  const done = all.filter((scope) => scope !== pending)
  const put = (text: string, scopes: readonly (string | undefined)[]) => {
    setTyped(text)
    onChange([...new Set(scopes.filter((scope) => scope !== undefined))].join(', '))
  }
  const add = (name: string) => put('', [...done, scopeOf(kind, name)])
  return (
    <>
      <Field label={t.narrowScopes}>
        {(ids) => (
          <Choice
            ids={ids}
            of={NARROW_SCOPES}
            texts={t.narrowKinds}
            value={kind}
            onChange={(chosen) => {
              setTyped('')
              setKind(chosen)
            }}
          />
        )}
      </Field>
      <Field label={t.narrowKinds[kind]} hint={t.scopeValueHints[kind]}>
        {(ids) => (
          <div className="inline-form">
            <Combobox
              key={kind}
              ids={ids}
              kind={KINDS[kind]}
              value={isStale ? '' : typed}
              onType={(text) => put(text, [...done, scopeOf(kind, text)])}
              onChoose={add}
              onCommit={() => add(typed)}
            />
            <button type="button" className="button" onClick={() => add(isStale ? '' : typed)}>
              {t.addScope}
            </button>
          </div>
        )}
      </Field>
      <div className="wide">
        <Chips
          names={done}
          shown={(scope) => scopeText(scope, t)}
          onRemove={(scope) =>
            put(
              typed,
              all.filter((other) => other !== scope),
            )
          }
        />
      </div>
    </>
  )
}

/** Undefined where there is no name yet. */
function scopeOf(kind: NarrowScope, name: string): string | undefined {
  return name.trim() === '' ? undefined : `${kind}:${name.trim()}`
}
