import type { ClientRuleView } from '@drawbridge/contract'
import { useTexts } from '../texts/index.ts'
import { Moment } from './parts.tsx'

/** The stages of a rule with their dates, and the one that it is at. */
export function Ladder({ stages, stage }: Pick<ClientRuleView, 'stages' | 'stage'>) {
  const { t } = useTexts()
  return (
    <ol className="ladder">
      {stages.map(({ stage: each, at }) => (
        <li key={each} data-current={each === stage}>
          {t.actions[each]}: <Moment at={at} /> {each === stage && <span className="mark ok">{t.now}</span>}
        </li>
      ))}
    </ol>
  )
}
