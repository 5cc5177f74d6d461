import type { ClientRuleView } from '@drawbridge/contract'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { EMPTY_RULE, isBlocking } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Applied } from './Applied.tsx'
import type { Work } from './Clients.tsx'
import { ConflictNotice } from './Conflict.tsx'
import type { Conflict } from './Conflict.tsx'
import type { Done } from './Emergency.tsx'
import { formatLeft } from './format.ts'
import { Ladder } from './Ladder.tsx'
import { Guarded, Loaded, Moment, Panel, ProblemBox, useNow } from './parts.tsx'
import { Posture } from './Posture.tsx'
import { RuleEditor } from './RuleEditor.tsx'
import { useAction, useResource } from './use-resource.ts'

/** How often the rules are asked for, in milliseconds: they climb by themselves. */
const EVERY_MS = 10_000

/** The rules in force, in the order in which they are asked, and the editor of a new one. */
export function Rules({ work, onWork }: { readonly work: Work; readonly onWork: (work: Work) => void }) {
  const { t } = useTexts()
  const rules = useResource('rules', (call, signal) => call('listClientRules', { signal }), { everyMs: EVERY_MS })
  const [done, setDone] = useState<Done>()
  const onDone = (what: Done) => {
    setDone(what)
    void rules.reload()
  }
  return (
    <>
      <div role="status">{done && <Applied key={done.effect?.epoch} done={done} />}</div>
      <Panel title={t.rulesTitle} hint={t.rulesHint} testId="rules">
        <Loaded resource={rules}>
          {({ rules: list }) =>
            list.length === 0 ? (
              <p className="empty">{t.noRules}</p>
            ) : (
              <ul className="cards">
                {list.map((rule) => (
                  <li key={rule.id} className="item" data-testid="rule">
                    <RuleFacts rule={rule} />
                    <RuleActions rule={rule} onDone={onDone} />
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Panel>
      <Posture onDone={onDone} />
      <RuleEditor
        work={work}
        onWork={onWork}
        onDone={(what) => {
          onWork({ draft: EMPTY_RULE })
          onDone(what)
        }}
      />
    </>
  )
}

function RuleFacts({ rule }: { readonly rule: ClientRuleView }) {
  const { t } = useTexts()
  const { family, from, below, os, units, accounts, networks, formats, priority, preset, action } = rule
  const { stage, stages, ceiling, createdBy, createdAt, confirmedAt, confirmedBy, url } = rule
  const { isGuarded, withdrawnAt, rings } = rule
  const bounds = [os, units, accounts, networks].flatMap((list) => (list ? [list.join(', ')] : []))
  return (
    <>
      <h3>
        {family === '*' ? t.everyFamily : family} {from && t.fromVersion(from)} {below && t.belowVersion(below)}{' '}
        <span className={`mark ${isBlocking(action) ? 'danger' : 'warning'}`}>{t.actions[action]}</span>{' '}
        {!isGuarded && <span className="mark danger">{t.unguarded}</span>}
      </h3>
      <dl className="facts">
        <div>
          <dt>{t.ladder}</dt>
          <dd>
            <Ladder stages={stages} stage={stage} />
          </dd>
        </div>
        {withdrawnAt && (
          <div>
            <dt>{t.withdrawn}</dt>
            <dd>
              <Moment at={withdrawnAt} />
            </dd>
          </div>
        )}
        {rings && (
          <div>
            <dt>{t.rings}</dt>
            <dd>
              {rings
                .map(({ units: of = [t.everybodyElse], delayHours }) => t.ring(of.join(', '), delayHours))
                .join(' · ')}
            </dd>
          </div>
        )}
        {ceiling && (
          <div>
            <dt>{t.fellBack}</dt>
            <dd>
              {t.actions[ceiling.stage]}: {ceiling.reason}
            </dd>
          </div>
        )}
        {bounds.length > 0 && (
          <div>
            <dt>{t.onlyFor}</dt>
            <dd>{bounds.join(' · ')}</dd>
          </div>
        )}
        {formats && formats.length > 0 && (
          <div>
            <dt>{t.formats}</dt>
            <dd>{formats.join(', ')}</dd>
          </div>
        )}
        {url && (
          <div>
            <dt>{t.url}</dt>
            <dd>{url}</dd>
          </div>
        )}
        <div>
          <dt>{t.written}</dt>
          <dd>
            <Moment at={createdAt} /> · {t.by(createdBy)} · {t.presets[preset]} · {t.priority(priority)}
            {confirmedAt && <> · {t.confirmedBy(confirmedBy ?? '')}</>}
          </dd>
        </div>
      </dl>
    </>
  )
}

/** A countdown runs in the last hour, in milliseconds; before that there is a date. */
const SOON_MS = 3_600_000

/** What can be done to a rule, each of which changes it. */
const RULE_CHANGES = ['confirmClientRule', 'removeClientRule', 'releaseClientRule'] as const
type RuleChange = (typeof RULE_CHANGES)[number]

/**
 * Confirming while the clock runs, and taking back at any time. Both are done to the rule as it is on the screen: where
 * somebody else has changed it since, that is shown first.
 */
function RuleActions({ rule, onDone }: { readonly rule: ClientRuleView; readonly onDone: (done: Done) => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const now = useNow(1_000)
  const [conflict, setConflict] = useState<Conflict & { readonly change: RuleChange; readonly tag: string }>()
  const { id, confirmBy, ceiling } = rule
  const params = { id }
  const leftMs = confirmBy === undefined ? undefined : new Date(confirmBy).getTime() - now
  const done = {
    confirmClientRule: t.confirmed,
    removeClientRule: t.removed,
    releaseClientRule: t.climbsAgain,
  } as const

  const apply = async (change: RuleChange, ifMatch: string) => {
    const { effect } = await call(change, { params, ifMatch })
    setConflict(undefined)
    onDone({ text: done[change], effect })
  }
  const run = (change: RuleChange) =>
    action.run(async () => {
      let tag = ''
      const { rule: is } = await call('getClientRule', { params, onTag: (given) => (tag = given) })
      if (isSameRule(rule, is)) await apply(change, tag)
      else setConflict({ seen: rule, now: is, change, tag })
    })
  return (
    <Guarded permission="policy.write">
      {leftMs !== undefined && leftMs > 0 && (
        <p className="notice" data-testid="countdown">
          {leftMs > SOON_MS ? (
            <>
              {t.confirmBy} <Moment at={confirmBy ?? ''} />
            </>
          ) : (
            <>
              <strong className="countdown">{formatLeft(leftMs)}</strong> {t.confirmWithin}
            </>
          )}{' '}
          {t.confirmHow}{' '}
          <a href="/" target="_blank" rel="noreferrer">
            {t.openChat}
          </a>
        </p>
      )}
      {conflict && (
        <ConflictNotice conflict={conflict}>
          <button
            type="button"
            className="button danger-line small"
            onClick={() => void action.run(() => apply(conflict.change, conflict.tag))}
          >
            {t.allTheSame}
          </button>
          <button type="button" className="button small" onClick={() => setConflict(undefined)}>
            {t.leaveIt}
          </button>
        </ConflictNotice>
      )}
      <ProblemBox problem={action.problem} />
      <div className="button-row">
        {leftMs !== undefined && leftMs > 0 && (
          <button
            type="button"
            className="button primary small"
            onClick={() => void run('confirmClientRule')}
            aria-disabled={action.isBusy}
          >
            {t.confirm}
          </button>
        )}
        {ceiling && (
          <button
            type="button"
            className="button small"
            onClick={() => void run('releaseClientRule')}
            aria-disabled={action.isBusy}
          >
            {t.letClimb}
          </button>
        )}
        <button
          type="button"
          className="button small"
          onClick={() => void run('removeClientRule')}
          aria-disabled={action.isBusy}
        >
          {t.undo}
        </button>
      </div>
    </Guarded>
  )
}

/** A rule that has climbed by itself meanwhile is the same; what a person or a guardrail did to it is not. */
function isSameRule(one: ClientRuleView, other: ClientRuleView): boolean {
  return JSON.stringify({ ...one, stage: '' }) === JSON.stringify({ ...other, stage: '' })
}
