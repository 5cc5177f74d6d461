import { IMAGE_FORMATS } from '@drawbridge/contract/browser'
import { ACTIONS, PRESETS } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Field } from './parts.tsx'

/** Which clients of whom a rule is about, what it does, and how fast. */
export function RuleFields({
  draft,
  onChange,
}: {
  readonly draft: RuleDraft
  readonly onChange: (changes: Partial<RuleDraft>) => void
}) {
  const { t } = useTexts()
  return (
    <>
      <div className="fields">
        <Field label={t.family} hint={t.familyHint}>
          {(ids) => (
            <input
              {...ids}
              required
              spellCheck={false}
              autoCapitalize="none"
              value={draft.family}
              onChange={(event) => onChange({ family: event.target.value })}
            />
          )}
        </Field>
        <Field label={t.from} hint={t.fromHint}>
          {(ids) => <input {...ids} value={draft.from} onChange={(event) => onChange({ from: event.target.value })} />}
        </Field>
        <Field label={t.below} hint={t.belowHint}>
          {(ids) => (
            <input {...ids} value={draft.below} onChange={(event) => onChange({ below: event.target.value })} />
          )}
        </Field>
        <Field label={t.action}>
          {(ids) => (
            <select
              {...ids}
              value={draft.action}
              onChange={({ target }) =>
                onChange({ action: ACTIONS.find((each) => each === target.value) ?? 'observe' })
              }
            >
              {ACTIONS.map((each) => (
                <option key={each} value={each}>
                  {t.actions[each]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t.preset} hint={t.presetHints[draft.preset]}>
          {(ids) => (
            <select
              {...ids}
              value={draft.preset}
              onChange={({ target }) =>
                onChange({ preset: PRESETS.find((each) => each === target.value) ?? 'routine' })
              }
            >
              {PRESETS.map((each) => (
                <option key={each} value={each}>
                  {t.presets[each]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t.deadline} hint={t.deadlineHint}>
          {(ids) => (
            <input
              {...ids}
              type="datetime-local"
              value={draft.deadline}
              onChange={(event) => onChange({ deadline: event.target.value })}
            />
          )}
        </Field>
        <Field label={t.units} hint={t.listHint}>
          {(ids) => (
            <input {...ids} value={draft.units} onChange={(event) => onChange({ units: event.target.value })} />
          )}
        </Field>
        <Field label={t.networks} hint={t.networksHint}>
          {(ids) => (
            <input
              {...ids}
              spellCheck={false}
              value={draft.networks}
              onChange={(event) => onChange({ networks: event.target.value })}
            />
          )}
        </Field>
        <Field label={t.url} hint={t.urlHint}>
          {(ids) => (
            <input {...ids} type="url" value={draft.url} onChange={(event) => onChange({ url: event.target.value })} />
          )}
        </Field>
      </div>
      <fieldset>
        <legend>{t.formatsLegend}</legend>
        <div className="checks">
          {IMAGE_FORMATS.map((format) => (
            <label key={format} className="check">
              <input
                type="checkbox"
                checked={draft.formats.includes(format)}
                onChange={({ target }) =>
                  onChange({
                    formats: target.checked
                      ? [...draft.formats, format]
                      : draft.formats.filter((other) => other !== format),
                  })
                }
              />
              {format.toUpperCase()}
            </label>
          ))}
        </div>
      </fieldset>
    </>
  )
}
