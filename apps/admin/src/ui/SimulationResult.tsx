import type { BodyOf, ClientRuleView, Simulation } from '@drawbridge/contract'
import { formatList } from '@drawbridge/ui'
import { useEffect, useRef, useState } from 'react'
import { allPages } from '../api/pages.ts'
import { isBlocking } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { formatCount } from './format.ts'
import { Ladder } from './Ladder.tsx'
import { useRuleName } from './RuleFacts.tsx'
import { Moment } from './parts.tsx'
import { Table } from './Table.tsx'
import { useResource } from './use-resource.ts'

/** So many of those who are concerned are shown by name at first. */
const SHOWN = 50
/** And so many the API names at most. */
const MOST_NAMED = 500

/** Whom a rule would reach, by name, and the button that makes it so. */
export function SimulationResult({
  result,
  stages,
  action,
  label,
  isBusy,
  onAdd,
}: {
  readonly result: Simulation
  /** What it would do when. */
  readonly stages: ClientRuleView['stages']
  readonly action: BodyOf<'addClientRule'>['action']
  /** What the button says; absent: what a rule does. */
  readonly label?: string
  readonly isBusy: boolean
  readonly onAdd: (isShadowAccepted: boolean) => void
}) {
  const { t, language } = useTexts()
  const [isShadowAccepted, setShadowAccepted] = useState(false)
  const [isAllShown, setAllShown] = useState(false)
  const { people, sessions, stranded, administrators, breakGlass, versions, affected, shadows, isSelfLockOut } = result
  const { noUpgradePath, bots, reconnects, seenWithin, units, systems } = result
  const blocks = isBlocking(action)
  const isRefused = (isSelfLockOut && blocks) || (shadows.length > 0 && !isShadowAccepted)
  /** The first of many names, and how many more there are. */
  const some = (names: readonly string[]) => {
    const more = names.length - SHOWN
    const shown = more > 0 ? [...names.slice(0, SHOWN), t.andMore(formatCount(more, language))] : names
    return formatList(shown, language)
  }
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [result])
  const named = useRuleNames(shadows.length > 0)
  const rows = isAllShown ? affected : affected.slice(0, SHOWN)
  return (
    <div className="stack" data-testid="simulation">
      <h3 ref={title} tabIndex={-1}>
        {t.simulationTitle(people, sessions)}
      </h3>
      {isSelfLockOut && (
        <p role="alert" className="problem">
          {t.selfLockOut}
        </p>
      )}
      {people === 0 && <p className="hint">{t.reachesNobody}</p>}
      {stranded > 0 && <p className="notice">{t.stranded(stranded)}</p>}
      {noUpgradePath.length > 0 && <p className="notice">{t.noUpgradePath(some(noUpgradePath))}</p>}
      {bots.length > 0 && <p className="notice">{t.botsHit(some(bots))}</p>}
      {administrators.length > 0 && <p className="notice">{t.administratorsHit(some(administrators))}</p>}
      {breakGlass.length > 0 && <p className="hint">{t.breakGlassHit(formatList(breakGlass, language))}</p>}
      {shadows.length > 0 && (
        <div className="notice stack">
          {shadows.map(({ rule, by, isWeaker }) => (
            <p key={`${rule} ${by}`}>
              {t.shadow(named(rule), named(by))} {isWeaker && t.shadowWeaker}
            </p>
          ))}
          <label className="check">
            <input
              type="checkbox"
              checked={isShadowAccepted}
              onChange={(event) => setShadowAccepted(event.target.checked)}
            />
            {t.acceptShadow}
          </label>
        </div>
      )}
      <dl className="facts">
        {stages.length > 0 && (
          <div>
            <dt>{t.ladder}</dt>
            <dd>
              <Ladder stages={stages} stage={undefined} />
            </dd>
          </div>
        )}
        {people > 0 && (
          <>
            <div>
              <dt>{t.seenWithin}</dt>
              <dd>
                {seenWithin
                  .map(({ days, people: seen }) => t.withinDays(days, formatCount(seen, language)))
                  .join(' · ')}
              </dd>
            </div>
            <div>
              <dt>{t.reconnects}</dt>
              <dd>{formatCount(reconnects, language)}</dd>
            </div>
            <Counted label={t.byUnit} counts={units.map(({ unit, people: of }) => [unit, of])} />
            <Counted label={t.bySystem} counts={systems.map(({ os, people: of }) => [os, of])} />
          </>
        )}
      </dl>
      {versions.length > 0 && (
        <Table caption={t.versionsHit} columns={[t.family, t.version, t.people, t.sessions]}>
          {versions.map((version) => (
            <tr key={`${version.family} ${version.version}`}>
              <th scope="row">{version.family}</th>
              <td className="long">{version.version ?? '–'}</td>
              <td className="count">{formatCount(version.people, language)}</td>
              <td className="count">{formatCount(version.sessions, language)}</td>
            </tr>
          ))}
        </Table>
      )}
      {rows.length > 0 && (
        <Table caption={t.peopleHit} columns={[t.account, t.client, t.before, t.after, t.seen, t.wayOut]}>
          {rows.map(({ account, client, isLive, isAdmin, before, after, seenAt, hasOther }, index) => (
            <tr key={index}>
              <th scope="row">
                {account} {isAdmin && <span className="mark">{t.administrator}</span>}
              </th>
              <td className="long">
                {client.family ?? t.unknownFamily} {client.version}
              </td>
              <td>{before ? t.actions[before] : t.nothing}</td>
              <td>{after ? t.actions[after] : t.nothing}</td>
              <td>{isLive ? <span className="mark ok">{t.live}</span> : <Moment at={seenAt} />}</td>
              <td>{hasOther ? t.hasOther : t.hasNone}</td>
            </tr>
          ))}
        </Table>
      )}
      {affected.length > rows.length && (
        <button type="button" className="button small" onClick={() => setAllShown(true)}>
          {t.showAll(affected.length)}
        </button>
      )}
      {affected.length >= MOST_NAMED && <p className="hint">{t.namedFirst(formatCount(MOST_NAMED, language))}</p>}
      <button
        type="button"
        className={`button ${blocks ? 'danger' : 'primary'}`}
        onClick={() => {
          if (!isRefused) onAdd(isShadowAccepted)
        }}
        aria-disabled={isRefused || isBusy}
      >
        {label ?? (blocks && people > 0 ? t.lockOut(people) : t.addRule)}
      </button>
      {blocks && <p className="hint">{t.revertsHint}</p>}
    </div>
  )
}

/** What people call the rules that there are; one that is not there yet is the one that they write. */
function useRuleNames(isOn: boolean): (id: string) => string {
  const { t } = useTexts()
  const nameOf = useRuleName()
  const rules = useResource(
    'rules by name',
    async (call, signal) =>
      allPages(async (cursor) => {
        const { rules: items, next } = await call('listClientRules', { query: { limit: 500, cursor }, signal })
        return { items, next }
      }),
    { isOn },
  )
  return (id) => {
    const rule = rules.value?.find((each) => each.id === id)
    return rule ? `${nameOf(rule)}: ${t.actions[rule.action]}` : id.startsWith('draft') ? t.thisRule : id
  }
}

/** People by something that they have in common. */
function Counted({
  label,
  counts,
}: {
  readonly label: string
  readonly counts: readonly (readonly [string, number])[]
}) {
  const { t, language } = useTexts()
  if (counts.length === 0) return null
  return (
    <div>
      <dt>{label}</dt>
      <dd>{counts.map(([name, people]) => `${name || t.unknown}: ${formatCount(people, language)}`).join(' · ')}</dd>
    </div>
  )
}
