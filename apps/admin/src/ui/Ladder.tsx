import type { ClientRuleView } from '@drawbridge/contract'
import { useTexts } from '../texts/index.ts'
import { Moment } from './parts.tsx'

/** The stages of a rule with their dates, from left to right, and the one that it is at. */
export function Ladder({ stages, stage }: Pick<ClientRuleView, 'stages' | 'stage'>) {
  const { t } = useTexts()
  const reached = stages.findIndex((each) => each.stage === stage)
  return (
    <ol className="ladder">
      {stages.map(({ stage: each, at }, index) => (
        <li key={each} data-place={index < reached ? 'past' : index === reached ? 'current' : 'ahead'}>
          <strong>
            {t.actions[each]} {each === stage && <span className="mark ok">{t.now}</span>}
          </strong>
          <Moment at={at} />
        </li>
      ))}
    </ol>
  )
}
