import type { SuspensionView } from '@drawbridge/contract'
import { changesOf } from '../model/audit-change.ts'
import { scopesText } from '../model/scopes.ts'
import { useTexts } from '../texts/index.ts'
import { AppliedTo } from './Applied.tsx'
import { Changes } from './Changes.tsx'
import { formatCount } from './format.ts'
import { Fact, Moment } from './parts.tsx'

/** What is known of one suspension. */
export function SuspensionFacts({ suspension }: { readonly suspension: SuspensionView }) {
  const { t, language } = useTexts()
  const { scopes, mode, state, isDrill, isEmergency, reason, reasons, internalReason, held } = suspension
  const { since, until, reviewAt, startedBy, approvedBy, playbook, reviewDueAt, reviewedAt } = suspension
  return (
    <>
      <h3>
        {scopesText(scopes, t)} <span className="mark warning">{t.modes[mode]}</span>{' '}
        {state !== 'active' && <span className="mark">{t.suspensionStates[state]}</span>}{' '}
        {isDrill && <span className="mark">{t.states.drill}</span>}{' '}
        {isEmergency && <span className="mark danger">{t.emergencyMark}</span>}
      </h3>
      <dl className="facts">
        <Fact label={t.reason}>
          <span dir="auto">{reasons[language] ?? reason}</span>
        </Fact>
        {internalReason !== '' && (
          <Fact label={t.internalReason}>
            <span dir="auto">{internalReason}</span>
          </Fact>
        )}
        <Fact label={t.since}>
          <Moment at={since} hasUtc /> · {t.by([...new Set([startedBy, ...approvedBy])].join(', '))}
          {playbook !== undefined && <> · {t.byPlaybook}</>}
        </Fact>
        <Fact label={t.until}>{until ? <Moment at={until} /> : t.noEnd}</Fact>
        {reviewAt && (
          <Fact label={t.review}>
            <Moment at={reviewAt} />
          </Fact>
        )}
        {reviewDueAt && reviewedAt === undefined && (
          <Fact label={t.reviewDue}>
            <Moment at={reviewDueAt} /> · {t.reviewDueWhy}
          </Fact>
        )}
        {(mode === 'hold' || held.count > 0) && (
          <Fact label={t.held}>
            {formatCount(held.count, language)}
            {held.oldestAt && (
              <>
                {' · '}
                {t.oldest} <Moment at={held.oldestAt} />
              </>
            )}
          </Fact>
        )}
        {suspension.epoch !== undefined && (
          <Fact label={t.inForce}>
            <AppliedTo key={suspension.epoch} epoch={suspension.epoch} />
          </Fact>
        )}
        <Exempt suspension={suspension} />
        {Object.keys(suspension.measured).length > 0 && (
          <Fact label={t.measured}>
            <Changes changes={changesOf(suspension.measured)} />
          </Fact>
        )}
      </dl>
    </>
  )
}

/** Who is left alone, and how often that has let somebody do what is suspended. */
function Exempt({ suspension: { exemptions, exemptionUses } }: { readonly suspension: SuspensionView }) {
  const { t, language } = useTexts()
  const named = [
    ...exemptions.accounts,
    ...exemptions.units.map((unit) => `unit:${unit}`),
    ...exemptions.rooms.map((room) => `room:${room}`),
    ...exemptions.bots.map((bot) => `bot:${bot}`),
  ]
  if (named.length === 0) return null
  return (
    <Fact label={t.exemptTitle}>
      <ul className="steps">
        {named.map((name) => (
          <li key={name}>
            {name} <span className="soft">{t.exemptUses(formatCount(exemptionUses[name] ?? 0, language))}</span>
          </li>
        ))}
      </ul>
    </Fact>
  )
}
