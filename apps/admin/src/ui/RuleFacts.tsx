import type { ClientRuleView } from '@drawbridge/contract'
import { isBlocking } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Ladder } from './Ladder.tsx'
import { Fact, Moment } from './parts.tsx'

/** What is known of one rule. */
export function RuleFacts({ rule }: { readonly rule: ClientRuleView }) {
  const { t } = useTexts()
  const nameOf = useRuleName()
  const { formats, priority, preset, action, rings } = rule
  const { stage, stages, ceiling, createdBy, createdAt, confirmedAt, confirmedBy, url } = rule
  const { isGuarded, withdrawnAt, activeFrom, activeUntil } = rule
  return (
    <>
      <h3>
        {nameOf(rule)} <span className={`mark ${isBlocking(action) ? 'danger' : 'warning'}`}>{t.actions[action]}</span>{' '}
        {!isGuarded && <span className="mark danger">{t.unguarded}</span>}
      </h3>
      <Ladder stages={stages} stage={stage} />
      <dl className="facts">
        {withdrawnAt && (
          <Fact label={t.withdrawn}>
            <Moment at={withdrawnAt} />
          </Fact>
        )}
        {ceiling && (
          <Fact label={t.fellBack}>
            {t.actions[ceiling.stage]}: {ceiling.reason}
          </Fact>
        )}
        {rings && (
          <Fact label={t.rings}>
            <ol className="steps">
              {rings.map(({ units = [t.everybodyElse], delayHours }, index) => (
                <li key={index}>{t.ring(units.join(', '), delayHours)}</li>
              ))}
            </ol>
          </Fact>
        )}
        <OnlyFor rule={rule} />
        {(activeFrom ?? activeUntil) && (
          <Fact label={t.window}>
            {activeFrom && (
              <>
                {t.activeFrom} <Moment at={activeFrom} />{' '}
              </>
            )}
            {activeUntil && (
              <>
                {t.activeUntil} <Moment at={activeUntil} />
              </>
            )}
          </Fact>
        )}
        {formats && formats.length > 0 && <Fact label={t.formats}>{formats.join(', ')}</Fact>}
        {url && <Fact label={t.url}>{url}</Fact>}
        {isBlocking(action) && <Fact label={t.guardrails}>{isGuarded ? t.guardrailsOn : t.guardrailsOff}</Fact>}
        <Fact label={t.written}>
          <Moment at={createdAt} /> · {t.by(createdBy)} · {t.presets[preset]} · {t.priority(priority)}
          {confirmedAt && <> · {t.confirmedBy(confirmedBy ?? '')}</>}
        </Fact>
      </dl>
    </>
  )
}

/** How people say which clients a rule is about. */
export function useRuleName(): (rule: Pick<ClientRuleView, 'family' | 'from' | 'below'>) => string {
  const { t } = useTexts()
  return ({ family, from, below }) =>
    [family === '*' ? t.everyFamily : family, from && t.fromVersion(from), below && t.belowVersion(below)]
      .filter(Boolean)
      .join(' ')
}

function OnlyFor({ rule: { os, units, accounts, networks, belowTier } }: { readonly rule: ClientRuleView }) {
  const { t } = useTexts()
  const bounds = [
    ...[os, units, accounts, networks].flatMap((list) => (list && list.length > 0 ? [list.join(', ')] : [])),
    ...(belowTier ? [`< ${belowTier} ${t.tiers[belowTier]}`] : []),
  ]
  return bounds.length === 0 ? null : <Fact label={t.onlyFor}>{bounds.join(' · ')}</Fact>
}
