import type { PlaybookView } from '@drawbridge/contract'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useConsole } from '../api/console.ts'
import {
  MAX_RULES,
  MAX_STEPS,
  newPlaybook,
  newPlaybookRule,
  newStep,
  playbookDraftOf,
  playbookFrom,
} from '../model/playbook-draft.ts'
import type { PlaybookDraft } from '../model/playbook-draft.ts'
import { exemptionsFrom, scopesOf } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { ConflictNotice } from './Conflict.tsx'
import { DraftNotice } from './DraftNotice.tsx'
import { More } from './More.tsx'
import { NamesField } from './NamesField.tsx'
import { Field, ProblemBox, TextField } from './parts.tsx'
import { RuleFields } from './RuleFields.tsx'
import { ExemptionFields, ReasonFields, WhatFields } from './SuspensionFields.tsx'
import { useDraft } from './use-draft.ts'
import { useEdit } from './use-edit.ts'

/** A playbook that is being written, and what it was when that was begun. */
interface Writing {
  readonly draft: PlaybookDraft
  readonly seen?: PlaybookView | undefined
}

function begun(playbook: PlaybookView | undefined): Writing {
  return playbook ? { draft: playbookDraftOf(playbook), seen: playbook } : { draft: newPlaybook() }
}

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
  const empty = useMemo<Writing>(() => begun(playbook), [playbook])
  // With what it was made of: after a reload, too, what others have changed since is seen.
  const kept = useDraft<Writing>(`playbook ${playbook?.name ?? ''}`, empty)
  const { draft, seen } = kept.value
  const name = (seen?.name ?? draft.name).trim()
  const edit = useEdit('getPlaybook', { name }, seen && { playbook: seen })
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [])
  const change = (changes: Partial<PlaybookDraft>) =>
    kept.set((known) => ({ ...known, draft: { ...known.draft, ...changes } }))
  const isTaken = seen === undefined && names.includes(name)
  const isEmpty = draft.steps.some((step) => scopesOf(step).length === 0)
  const close = () => {
    kept.discard()
    onClose()
  }
  const saved = (text: string) => {
    kept.sent()
    onSaved(text)
  }
  const save = () =>
    edit.run(async (ifMatch) => {
      await call('putPlaybook', { params: { name }, body: playbookFrom(draft), ...ifMatch })
      saved(t.playbookSaved(name))
    })
  const remove = () =>
    edit.run(async (ifMatch) => {
      await call('deletePlaybook', { params: { name }, ...ifMatch })
      saved(t.playbookRemoved(name))
    })
  const [isRemoving, setRemoving] = useState(false)
  const theirs = edit.conflict?.now as PlaybookView | undefined
  return (
    <form
      className="item stack"
      data-testid="playbook-editor"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isTaken && !isEmpty) return void save()
        event.currentTarget.querySelector<HTMLElement>(isTaken ? '[pattern]' : '[type=checkbox]')?.focus()
      }}
    >
      <h3 ref={title} tabIndex={-1}>
        {playbook ? t.editPlaybook(playbook.name) : t.newPlaybook}
      </h3>
      <DraftNotice draft={kept} />
      <div className="fields pair">
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
        <TextField
          label={t.description}
          maxLength={500}
          value={draft.description}
          onChange={(description) => change({ description })}
        />
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
          <TextField
            key={field}
            label={t[field]}
            hint={t.minutesHint[field]}
            type="number"
            min={1}
            max={43_200}
            value={draft[field]}
            onChange={(minutes) => change({ [field]: minutes })}
          />
        ))}
        <NamesField
          label={t.notify}
          hint={t.notifyHint}
          kind="account"
          names={draft.notify}
          onChange={(notify) => change({ notify })}
        />
      </div>
      <More summary={t.exemptTitle} isSet={exemptionsFrom(draft) !== undefined}>
        <ExemptionFields draft={draft} onChange={change} />
      </More>
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
          onClick={() => change({ rules: [...draft.rules, newPlaybookRule()] })}
        >
          {t.addPlaybookRule}
        </button>
      )}
      {isEmpty && <p className="hint">{t.chooseScope}</p>}
      <ConflictNotice edit={edit}>
        {theirs && (
          <button
            type="button"
            className="button small"
            onClick={() => {
              kept.replace(begun(theirs))
              edit.take()
            }}
          >
            {t.takeTheirs}
          </button>
        )}
      </ConflictNotice>
      <ProblemBox problem={edit.problem} />
      <div className="button-row">
        <button type="submit" className="button primary" aria-disabled={isTaken || isEmpty || edit.isBusy}>
          {t.save}
        </button>
        <button type="button" className="button" onClick={close}>
          {t.cancel}
        </button>
        {playbook && (
          <button type="button" className="button danger-line" onClick={() => setRemoving(true)}>
            {t.removePlaybook}
          </button>
        )}
      </div>
      {isRemoving && (
        <ConfirmDialog
          title={t.removePlaybookQuestion(name)}
          text={t.removePlaybook}
          edit={edit}
          onConfirm={() => void remove()}
          onClose={() => setRemoving(false)}
        >
          {t.removePlaybookHint}
        </ConfirmDialog>
      )}
    </form>
  )
}
