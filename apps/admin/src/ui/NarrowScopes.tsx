import { IMAGE_FORMATS } from '@drawbridge/contract/browser'
import { useId, useState } from 'react'
import { useMay } from '../api/console.ts'
import { scopeText } from '../model/scopes.ts'
import { namedIn, NARROW_SCOPES } from '../model/suspension-draft.ts'
import type { NarrowScope } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Field } from './parts.tsx'
import { useResource } from './use-resource.ts'

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
  const [value, setValue] = useState('')
  const listId = useId()
  const known = useKnown(kind)
  const scopes = namedIn(narrow)
  const add = () => {
    if (value.trim() === '') return
    onChange(namedIn([...scopes, `${kind}:${value.trim()}`].join(',')).join(', '))
    setValue('')
  }
  return (
    <>
      <Field label={t.narrowScopes}>
        {(ids) => (
          <select
            {...ids}
            value={kind}
            onChange={({ target }) => setKind(NARROW_SCOPES.find((each) => each === target.value) ?? 'group')}
          >
            {NARROW_SCOPES.map((each) => (
              <option key={each} value={each}>
                {t.narrowKinds[each]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t.narrowKinds[kind]} hint={t.scopeValueHints[kind]}>
        {(ids) => (
          <div className="inline-form">
            <input
              {...ids}
              list={listId}
              spellCheck={false}
              autoCapitalize="none"
              value={value}
              onChange={(event) => setValue(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter') return
                event.preventDefault()
                add()
              }}
            />
            <datalist id={listId}>
              {known.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
            <button type="button" className="button" onClick={add}>
              {t.addScope}
            </button>
          </div>
        )}
      </Field>
      {scopes.length > 0 && (
        <ul className="chips wide">
          {scopes.map((scope) => (
            <li key={scope}>
              <button
                type="button"
                className="button small"
                aria-label={t.removeScope(scopeText(scope, t))}
                onClick={() => onChange(scopes.filter((other) => other !== scope).join(', '))}
              >
                {scopeText(scope, t)} <span aria-hidden="true">×</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** What there is of a kind, as far as somebody may see it and it can be listed. */
function useKnown(kind: NarrowScope): readonly string[] {
  const mayUnits = useMay('unit.read')
  const maySessions = useMay('session.read')
  const isOn = (kind === 'group' && mayUnits) || (kind === 'client' && maySessions)
  const listed = useResource<readonly string[]>(
    `known ${kind}`,
    async (call, signal) => {
      if (kind === 'group')
        return (await call('listUnits', { query: { limit: 500 }, signal })).units.map(({ name }) => name)
      const { clients } = await call('listClientVersions', { query: { days: 90 }, signal })
      return [...new Set(clients.flatMap(({ family }) => (family === undefined ? [] : [family])))]
    },
    { isOn },
  )
  return kind === 'format' ? IMAGE_FORMATS : (listed.value ?? [])
}
