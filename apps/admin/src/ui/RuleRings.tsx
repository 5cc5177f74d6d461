import { namedIn } from '../model/suspension-draft.ts'
import { MAX_DELAY_HOURS, MAX_RINGS, newRing } from '../model/rule-draft.ts'
import type { RingDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { More } from './More.tsx'
import { allPages } from '../api/pages.ts'
import { useMay } from '../api/console.ts'
import { formatCount, formatShare } from './format.ts'
import { NamesField } from './NamesField.tsx'
import { TextField } from './parts.tsx'
import { useResource } from './use-resource.ts'

/** Who climbs when: rings of units, one after the other, with how many people are in each. */
export function RuleRings({
  rings,
  onChange,
}: {
  readonly rings: readonly RingDraft[]
  readonly onChange: (rings: readonly RingDraft[]) => void
}) {
  const { t } = useTexts()
  const sizes = useUnitSizes(rings.length > 0)
  const put = (key: string, changes: Partial<RingDraft>) =>
    onChange(rings.map((ring) => (ring.key === key ? { ...ring, ...changes } : ring)))
  const move = (index: number, by: -1 | 1) => {
    const moved = [...rings]
    const [ring] = moved.splice(index, 1)
    if (ring) moved.splice(index + by, 0, ring)
    onChange(moved)
  }
  return (
    <More summary={t.rings} isSet={rings.length > 0}>
      <p className="hint">{t.ringsHint}</p>
      <ol className="cards">
        {rings.map((ring, index) => (
          <li key={ring.key} className="item ring" data-testid="ring">
            <strong>{t.ringNumber(index + 1)}</strong>
            <div className="fields">
              <NamesField
                label={t.ringUnits}
                hint={t.ringUnitsHint}
                kind="unit"
                names={ring.units}
                onChange={(units) => put(ring.key, { units })}
              />
              <TextField
                label={t.ringDelay}
                type="number"
                min={0}
                max={MAX_DELAY_HOURS}
                isRequired
                value={ring.delayHours}
                onChange={(delayHours) => put(ring.key, { delayHours })}
              />
            </div>
            <RingShare units={namedIn(ring.units)} sizes={sizes} />
            <div className="button-row">
              <button
                type="button"
                className="button small"
                aria-label={t.ringEarlier(index + 1)}
                aria-disabled={index === 0}
                onClick={() => index > 0 && move(index, -1)}
              >
                ↑
              </button>
              <button
                type="button"
                className="button small"
                aria-label={t.ringLater(index + 1)}
                aria-disabled={index === rings.length - 1}
                onClick={() => index < rings.length - 1 && move(index, 1)}
              >
                ↓
              </button>
              <button
                type="button"
                className="button small"
                onClick={() => onChange(rings.filter(({ key }) => key !== ring.key))}
              >
                {t.removeRing(index + 1)}
              </button>
            </div>
          </li>
        ))}
      </ol>
      {rings.length < MAX_RINGS && (
        <button type="button" className="button small" onClick={() => onChange([...rings, newRing()])}>
          {t.addRing}
        </button>
      )}
    </More>
  )
}

interface UnitSizes {
  readonly members: ReadonlyMap<string, number>
  readonly accounts: number
}

/** How many people are in each unit, and in all. */
function useUnitSizes(isOn: boolean): UnitSizes | undefined {
  const mayUnits = useMay('unit.read')
  const mayStatus = useMay('status.read')
  const sizes = useResource(
    'unit sizes',
    async (call, signal) => {
      const [units, { accounts }] = await Promise.all([
        allPages(async (cursor) => {
          const page = await call('listUnits', { query: { limit: 500, cursor }, signal })
          return { items: page.units, next: page.next }
        }),
        call('getStatus', { signal }),
      ])
      return { members: new Map(units.map(({ name, members }) => [name, members])), accounts }
    },
    { isOn: isOn && mayUnits && mayStatus },
  )
  return sizes.value
}

/** The share of all people that a ring is about; whoever is in two of its units counts twice. */
function RingShare({ units, sizes }: { readonly units: readonly string[]; readonly sizes: UnitSizes | undefined }) {
  const { t, language } = useTexts()
  if (units.length === 0 || !sizes || sizes.accounts === 0) return null
  const people = units.reduce((sum, unit) => sum + (sizes.members.get(unit) ?? 0), 0)
  const share = Math.min(1, people / sizes.accounts)
  return <p className="hint">{t.ringShare(formatCount(people, language), formatShare(share, language))}</p>
}
