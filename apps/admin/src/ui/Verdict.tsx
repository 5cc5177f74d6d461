import type { Status } from '@drawbridge/contract'
import { Glyph } from '@drawbridge/ui'
import type { Attention } from '../model/attention.ts'
import { scopesText } from '../model/scopes.ts'
import { serviceState } from '../model/service-state.ts'
import type { ServiceState } from '../model/service-state.ts'
import { useTexts } from '../texts/index.ts'
import { Link, Moment } from './parts.tsx'
import { hrefOf } from './route.ts'

const TICK = 'M4 12.500l5 5L20 6.500'
const WARNING =
  'M12 9v4.500M12 17h.01M10.300 3.900 2 18.300A2 2 0 0 0 3.700 21.300h16.600a2 2 0 0 0 1.700-3L13.700 3.900a2 2 0 0 0-3.400 0Z'
const PAUSE = 'M8 5v14M16 5v14'
const GLYPHS: Readonly<Record<ServiceState, string>> = {
  normal: TICK,
  degraded: WARNING,
  suspended: PAUSE,
  drill: PAUSE,
}

/** How it is, in a sentence; what is suspended, since when and by whom; and what waits for somebody. */
export function Verdict({ status, found }: { readonly status: Status; readonly found: readonly Attention[] }) {
  const { t } = useTexts()
  const state = serviceState(status)
  // What works may still be in danger.
  const tone = state === 'normal' && found.length > 0 ? 'degraded' : state
  const running = status.suspensions.filter(({ state: is }) => is === 'active')
  const suspended = [...new Set(running.filter(({ isDrill }) => !isDrill).flatMap(({ scopes }) => scopes))]
  return (
    <section className="verdict" data-state={tone} aria-label={t.attentionTitle} data-testid="attention">
      <p className="verdict-text">
        <span className="verdict-glyph">
          <Glyph path={GLYPHS[tone]} size={22} />
        </span>
        {suspended.length > 0 ? t.verdictSuspended(scopesText(suspended, t)) : t.verdicts[state]}{' '}
        <span className="soft">{found.length === 0 ? t.attentionNone : t.attentionCount(found.length)}</span>
      </p>
      {running.length > 0 && (
        <ul className="running">
          {running.map(({ id, scopes, mode, isDrill, since, until, startedBy }) => (
            <li key={id}>
              <Link href={hrefOf('emergency')}>{scopesText(scopes, t)}</Link>{' '}
              <span className="mark warning">{t.modes[mode]}</span>{' '}
              {isDrill && <span className="mark">{t.states.drill}</span>}{' '}
              <span className="soft">
                {t.since} <Moment at={since} /> · {t.by(startedBy)} · {t.until}:{' '}
                {until ? <Moment at={until} /> : t.noEnd}
              </span>
            </li>
          ))}
        </ul>
      )}
      {found.length > 0 && (
        <ol className="attention">
          {found.map(({ kind, subject, page, view }, index) => (
            <li key={index} data-kind={kind}>
              <Link href={hrefOf(page, { view })}>
                {t.attention[kind](kind === 'review' ? scopesText(subject.split(', '), t) : subject)}
              </Link>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
