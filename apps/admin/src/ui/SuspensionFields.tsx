import { suspensionText } from '@drawbridge/contract/browser'
import { LANGUAGES } from '@drawbridge/ui'
import type { Language } from '@drawbridge/ui'
import { useState } from 'react'
import { EXEMPTED, MODES, publicSuspension, scopesOf, WHOLE_SCOPES } from '../model/suspension-draft.ts'
import type { ExemptionDraft, ReasonDraft, SuspensionDraft, WhatDraft } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { NamesField } from './NamesField.tsx'
import { NarrowScopes } from './NarrowScopes.tsx'
import { Choice, Field, TextField } from './parts.tsx'

interface FieldsProps<Draft> {
  readonly draft: Draft
  readonly onChange: (changes: Partial<Draft>) => void
}

/** What is suspended, and how. */
export function WhatFields({ draft, onChange }: FieldsProps<WhatDraft>) {
  const { t } = useTexts()
  return (
    <>
      <fieldset>
        <legend>{t.scope}</legend>
        <div className="checks">
          {WHOLE_SCOPES.map((scope) => (
            <label key={scope} className="check">
              <input
                type="checkbox"
                checked={draft.whole.includes(scope)}
                onChange={({ target: { checked } }) =>
                  onChange({
                    whole: checked ? [...draft.whole, scope] : draft.whole.filter((other) => other !== scope),
                  })
                }
              />
              {t.scopes[scope]}
            </label>
          ))}
        </div>
      </fieldset>
      <div className="fields">
        <Field label={t.mode} hint={t.modeHints[draft.mode]}>
          {(ids) => (
            <Choice ids={ids} of={MODES} texts={t.modes} value={draft.mode} onChange={(mode) => onChange({ mode })} />
          )}
        </Field>
        <NarrowScopes narrow={draft.narrow} onChange={(narrow) => onChange({ narrow })} />
      </div>
    </>
  )
}

/** What people are told in each language, and what administrators are. */
export function ReasonFields({ draft, onChange }: FieldsProps<ReasonDraft>) {
  const { t } = useTexts()
  return (
    <div className="fields pair">
      <TextField
        label={t.reasonEn}
        lang="en"
        isRequired
        maxLength={500}
        value={draft.reason}
        onChange={(reason) => onChange({ reason })}
      />
      <TextField
        label={t.reasonDe}
        lang="de"
        maxLength={500}
        value={draft.reasonDe}
        onChange={(reasonDe) => onChange({ reasonDe })}
      />
      <TextField
        label={t.internalReason}
        maxLength={2000}
        value={draft.internalReason}
        onChange={(internalReason) => onChange({ internalReason })}
      />
    </div>
  )
}

/** How those who can be left alone are looked up. */
const KINDS = { accounts: 'account', units: 'unit', rooms: 'room', bots: undefined } as const

/** Who is left alone. */
export function ExemptionFields({ draft, onChange }: FieldsProps<ExemptionDraft>) {
  const { t } = useTexts()
  return (
    <div className="fields">
      {EXEMPTED.map((of) => (
        <NamesField
          key={of}
          label={t.exempt[of]}
          hint={t.exemptHints[of]}
          kind={KINDS[of]}
          names={draft[of]}
          onChange={(names) => onChange({ [of]: names })}
        />
      ))}
    </div>
  )
}

/** The sentence that people are told, in each language, as the server says it. */
export function Preview({ draft }: { readonly draft: SuspensionDraft }) {
  const { t } = useTexts()
  const [now] = useState(() => new Date())
  if (scopesOf(draft).length === 0 || draft.reason.trim() === '') return null
  const suspension = publicSuspension(draft, now)
  return (
    <div className="preview" data-testid="preview">
      <h3>{t.preview}</h3>
      {draft.isDrill ? (
        <p>{t.previewDrill}</p>
      ) : (
        Object.entries(LANGUAGES).map(([tag, name]) => (
          <div key={tag}>
            <p className="soft">{name}</p>
            <p lang={tag} className="strip">
              {suspensionText(suspension, tag as Language, now)}
            </p>
          </div>
        ))
      )}
    </div>
  )
}
