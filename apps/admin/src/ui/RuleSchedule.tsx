import { ladderOf, PRESETS, STAGES } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { More } from './More.tsx'
import { Choice, Field, Moment, TextField, useNow } from './parts.tsx'
import { Table } from './Table.tsx'
import type { RuleFieldsProps } from './RuleFields.tsx'

/** How fast a rule climbs, with the dates that come of it, each of which can be another one. */
export function RuleSchedule({ draft, onChange }: RuleFieldsProps) {
  const { t } = useTexts()
  const ladder = ladderOf(draft, useNow(30_000))
  const own = Object.values(draft.stageDates).some((date) => date !== '')
  return (
    <fieldset className="group">
      <legend>{t.ruleWhen}</legend>
      <div className="fields">
        <Field label={t.preset} hint={t.presetHints[draft.preset]}>
          {(ids) => (
            <Choice
              ids={ids}
              of={PRESETS}
              texts={t.presets}
              value={draft.preset}
              onChange={(preset) => onChange({ preset })}
            />
          )}
        </Field>
        <TextField
          label={t.deadline}
          hint={t.deadlineHint}
          type="datetime-local"
          value={draft.deadline}
          onChange={(deadline) => onChange({ deadline })}
        />
        <TextField
          label={t.activeFrom}
          hint={t.activeFromHint}
          type="datetime-local"
          value={draft.activeFrom}
          onChange={(activeFrom) => onChange({ activeFrom })}
        />
        <TextField
          label={t.activeUntil}
          hint={t.activeUntilHint}
          type="datetime-local"
          value={draft.activeUntil}
          onChange={(activeUntil) => onChange({ activeUntil })}
        />
      </div>
      <More summary={t.stageDates} isSet={own}>
        <Table caption={t.stageDates} columns={[t.ladder, t.stageBegins, t.stageOwn]}>
          {STAGES.map((stage) => {
            const at = ladder.find((step) => step.stage === stage)?.at
            return (
              <tr key={stage} data-stage={stage}>
                <th scope="row">{t.actions[stage]}</th>
                <td>{at === undefined ? <span className="soft">{t.stageSkipped}</span> : <Moment at={at} />}</td>
                <td>
                  <input
                    type="datetime-local"
                    aria-label={t.stageDateOf(t.actions[stage])}
                    value={draft.stageDates[stage] ?? ''}
                    onChange={({ target }) => onChange({ stageDates: { ...draft.stageDates, [stage]: target.value } })}
                  />
                </td>
              </tr>
            )
          })}
        </Table>
        <p className="hint">{t.stageDatesHint}</p>
      </More>
    </fieldset>
  )
}
