import { IMAGE_FORMATS } from '@drawbridge/contract/browser'
import { ACTIONS, TIERS } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { More } from './More.tsx'
import { NameField, NamesField } from './NamesField.tsx'
import { Choice, Field, TextField } from './parts.tsx'
import { RuleRings } from './RuleRings.tsx'
import { RuleSchedule } from './RuleSchedule.tsx'

export interface RuleFieldsProps {
  readonly draft: RuleDraft
  readonly onChange: (changes: Partial<RuleDraft>) => void
}

/** Which clients of whom a rule is about, what it does, and how fast. */
export function RuleFields({ draft, onChange }: RuleFieldsProps) {
  const { t } = useTexts()
  return (
    <>
      <fieldset className="group">
        <legend>{t.ruleWhich}</legend>
        <div className="fields">
          <NameField
            label={t.family}
            hint={t.familyHint}
            kind="family"
            isRequired
            value={draft.family}
            onChange={(family) => onChange({ family })}
          />
          <TextField label={t.from} hint={t.fromHint} value={draft.from} onChange={(from) => onChange({ from })} />
          <TextField label={t.below} hint={t.belowHint} value={draft.below} onChange={(below) => onChange({ below })} />
          <Field label={t.action}>
            {(ids) => (
              <Choice
                ids={ids}
                of={ACTIONS}
                texts={t.actions}
                value={draft.action}
                onChange={(action) => onChange({ action })}
              />
            )}
          </Field>
        </div>
      </fieldset>
      <RuleSchedule draft={draft} onChange={onChange} />
      <fieldset className="group">
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
      <More summary={t.ruleWhom} isSet={isNarrowed(draft)}>
        <div className="fields">
          <NamesField
            label={t.units}
            hint={t.listHint}
            kind="unit"
            names={draft.units}
            onChange={(units) => onChange({ units })}
          />
          <NamesField
            label={t.onlyAccounts}
            hint={t.listHint}
            kind="account"
            names={draft.accounts}
            onChange={(accounts) => onChange({ accounts })}
          />
          <NamesField
            label={t.networks}
            hint={t.networksHint}
            kind={undefined}
            names={draft.networks}
            onChange={(networks) => onChange({ networks })}
          />
          <NamesField
            label={t.onlySystems}
            hint={t.systemsHint}
            kind={undefined}
            names={draft.os}
            onChange={(os) => onChange({ os })}
          />
          <Field label={t.belowTier} hint={t.belowTierHint}>
            {(ids) => (
              <select
                {...ids}
                value={draft.belowTier}
                onChange={({ target }) => onChange({ belowTier: TIERS.find((tier) => tier === target.value) ?? '' })}
              >
                <option value="">{t.anyEvidence}</option>
                {TIERS.map((tier) => (
                  <option key={tier} value={tier}>
                    {tier} {t.tiers[tier]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <TextField
            label={t.rulePriority}
            hint={t.rulePriorityHint}
            type="number"
            value={draft.priority}
            onChange={(priority) => onChange({ priority })}
          />
          <TextField
            label={t.url}
            hint={t.urlHint}
            type="url"
            value={draft.url}
            onChange={(url) => onChange({ url })}
          />
        </div>
      </More>
      <RuleRings rings={draft.rings} onChange={(rings) => onChange({ rings })} />
    </>
  )
}

/** Whether something is set that would otherwise be out of sight. */
function isNarrowed({ units, accounts, networks, os, belowTier, priority }: RuleDraft): boolean {
  return [units, accounts, networks, os, belowTier, priority].some((text) => text !== '')
}
