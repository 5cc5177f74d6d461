import type { PlaybookView } from '@drawbridge/contract'
import { useEffect, useRef, useState } from 'react'
import { ApiProblem } from '../api/call.ts'
import { useConsole } from '../api/console.ts'
import { MAX_RULES, MAX_STEPS, newPlaybook, newStep, playbookDraftOf, playbookFrom } from '../model/playbook-draft.ts'
import type { PlaybookDraft } from '../model/playbook-draft.ts'
import { EMPTY_RULE } from '../model/rule-draft.ts'
import { scopesOf } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import type { Conflict } from './Conflict.tsx'
import { Field, ProblemBox } from './parts.tsx'
import { RuleFields } from './RuleFields.tsx'
import { ExemptionFields, ReasonFields, WhatFields } from './SuspensionFields.tsx'
import { useAction } from './use-resource.ts'

/** Writes a playbook, or changes or removes one. What somebody else does to it meanwhile is shown, and nothing typed is lost. */
export function PlaybookEditor({
  playbook,
  names,
  onClose,
  onSaved,
}: {
  /** Absent: a new one. */
  readonly playbook: PlaybookView | undefined
  /** Of playbooks that are there. */
  readonly names: readonly string[]
  readonly onClose: () => void
  readonly onSaved: (text: string) => void
}) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [draft, setDraft] = useState(() => (playbook ? playbookDraftOf(playbook) : newPlaybook()))
  const [conflict, setConflict] = useState<Conflict>()
  /** What the draft was made of, as the server names its state; `*`: whatever is there now. */
  const seen = useRef({ playbook, tag: '' })
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [])
  const change = (changes: Partial<PlaybookDraft>) => setDraft((known) => ({ ...known, ...changes }))
  const name = draft.name.trim()
  const isTaken = playbook === undefined && names.includes(name)
  const isEmpty = draft.steps.some((step) => scopesOf(step).length === 0)

  /** What is there now, for `If-Match`: a playbook that is no longer as it was seen is somebody else's, too. */
  const tagOf = async (): Promise<string | undefined> => {
    if (seen.current.playbook === undefined || seen.current.tag !== '') return seen.current.tag || undefined
    let tag = ''
    const { playbook: now } = await call('getPlaybook', { params: { name }, onTag: (given) => (tag = given) })
    if (now.changedAt !== seen.current.playbook.changedAt) throw new ApiProblem('changed-meanwhile')
    return tag
  }
  const showConflict = async (problem: unknown) => {
    const isGone = problem instanceof ApiProblem && problem.code === 'no-such-playbook'
    if (!(problem instanceof ApiProblem) || (problem.code !== 'changed-meanwhile' && !isGone)) throw problem
    let tag = ''
    const now = isGone
      ? undefined
      : (await call('getPlaybook', { params: { name }, onTag: (given) => (tag = given) })).playbook
    setConflict({ seen: seen.current.playbook ?? {}, now })
    seen.current = { playbook: now, tag }
  }
  const edit = (work: (ifMatch: { readonly ifMatch?: string }) => Promise<string>) =>
    action.run(async () => {
      try {
        const tag = await tagOf()
        onSaved(await work(tag === undefined ? {} : { ifMatch: tag }))
      } catch (problem) {
        await showConflict(problem)
      }
    })
  const save = () =>
    edit(async (ifMatch) => {
      await call('putPlaybook', { params: { name }, body: playbookFrom(draft), ...ifMatch })
      return t.playbookSaved(name)
    })
  const remove = () =>
    edit(async (ifMatch) => {
      await call('deletePlaybook', { params: { name }, ...ifMatch })
      return t.playbookRemoved(name)
    })
  const takeTheirs = () => {
    const { playbook: now } = seen.current
    if (now) setDraft(playbookDraftOf(now))
    setConflict(undefined)
  }
  return (
    <form
      className="item stack"
      data-testid="playbook-editor"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isTaken && !isEmpty) void save()
      }}
    >
      <h3 ref={title} tabIndex={-1}>
        {playbook ? t.editPlaybook(playbook.name) : t.newPlaybook}
      </h3>
      <div className="fields">
        {playbook === undefined && (
          <Field label={t.name} hint={isTaken ? t.nameTaken : t.nameHint}>
            {(ids) => (
              <input
                {...ids}
                required
                pattern="[a-z0-9][a-z0-9\-]{0,63}"
                spellCheck={false}
                autoCapitalize="none"
                aria-invalid={isTaken}
                value={draft.name}
                onChange={(event) => change({ name: event.target.value })}
              />
            )}
          </Field>
        )}
        <Field label={t.description}>
          {(ids) => (
            <input
              {...ids}
              maxLength={500}
              value={draft.description}
              onChange={(event) => change({ description: event.target.value })}
            />
          )}
        </Field>
      </div>
      {draft.steps.map((step, index) => (
        <fieldset key={step.key} className="item">
          <legend>{t.step(index + 1)}</legend>
          <WhatFields
            draft={step}
            onChange={(changes) =>
              change({ steps: draft.steps.map((each) => (each.key === step.key ? { ...each, ...changes } : each)) })
            }
          />
          {draft.steps.length > 1 && (
            <button
              type="button"
              className="button small"
              onClick={() => change({ steps: draft.steps.filter(({ key }) => key !== step.key) })}
            >
              {t.removeStep(index + 1)}
            </button>
          )}
        </fieldset>
      ))}
      {draft.steps.length < MAX_STEPS && (
        <button type="button" className="button small" onClick={() => change({ steps: [...draft.steps, newStep()] })}>
          {t.addStep}
        </button>
      )}
      <ReasonFields draft={draft} onChange={change} />
      <div className="fields">
        {(['endAfterMin', 'reviewAfterMin'] as const).map((field) => (
          <Field key={field} label={t[field]} hint={t.minutesHint[field]}>
            {(ids) => (
              <input
                {...ids}
                type="number"
                inputMode="numeric"
                min={1}
                max={43_200}
                value={draft[field]}
                onChange={(event) => change({ [field]: event.target.value })}
              />
            )}
          </Field>
        ))}
        <Field label={t.notify} hint={t.notifyHint}>
          {(ids) => (
            <input
              {...ids}
              spellCheck={false}
              value={draft.notify}
              onChange={(event) => change({ notify: event.target.value })}
            />
          )}
        </Field>
      </div>
      <details>
        <summary>{t.exemptTitle}</summary>
        <ExemptionFields draft={draft} onChange={change} />
      </details>
      {draft.rules.map((rule, index) => (
        <fieldset key={rule.key} className="item">
          <legend>{t.playbookRule(index + 1)}</legend>
          <RuleFields
            draft={rule}
            onChange={(changes) =>
              change({ rules: draft.rules.map((each) => (each.key === rule.key ? { ...each, ...changes } : each)) })
            }
          />
          <button
            type="button"
            className="button small"
            onClick={() => change({ rules: draft.rules.filter(({ key }) => key !== rule.key) })}
          >
            {t.removeRule(index + 1)}
          </button>
        </fieldset>
      ))}
      {draft.rules.length < MAX_RULES && (
        <button
          type="button"
          className="button small"
          onClick={() =>
            change({ rules: [...draft.rules, { ...EMPTY_RULE, preset: 'now', key: crypto.randomUUID() }] })
          }
        >
          {t.addPlaybookRule}
        </button>
      )}
      {isEmpty && <p className="hint">{t.chooseScope}</p>}
      {conflict && (
        <ConflictNotice conflict={conflict}>
          {conflict.now !== undefined && (
            <button type="button" className="button small" onClick={takeTheirs}>
              {t.takeTheirs}
            </button>
          )}
          <span className="soft">{t.saveMine}</span>
        </ConflictNotice>
      )}
      <ProblemBox problem={action.problem} />
      <div className="button-row">
        <button type="submit" className="button primary" aria-disabled={isTaken || isEmpty || action.isBusy}>
          {t.save}
        </button>
        <button type="button" className="button" onClick={onClose}>
          {t.cancel}
        </button>
        {playbook && (
          <button
            type="button"
            className="button danger-line"
            onClick={() => void remove()}
            aria-disabled={action.isBusy}
          >
            {t.removePlaybook}
          </button>
        )}
      </div>
    </form>
  )
}
