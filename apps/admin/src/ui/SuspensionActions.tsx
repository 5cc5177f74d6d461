import type { QueryOf, SuspensionView } from '@drawbridge/contract'
import { Dialog } from '@drawbridge/ui'
import { useState } from 'react'
import { useConsole, useMay } from '../api/console.ts'
import { endCommand, exemptCommand, extendCommand } from '../model/as-command.ts'
import { scopesText } from '../model/scopes.ts'
import { EMPTY_EXEMPTIONS, exemptionsFrom, instantFrom, localFrom, namedIn } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import type { Done } from './Emergency.tsx'
import { formatCount } from './format.ts'
import { HeldReview } from './HeldReview.tsx'
import { NamesField } from './NamesField.tsx'
import { Field, Guarded, ProblemBox, TextField } from './parts.tsx'
import { Repeat } from './Repeat.tsx'
import { ExemptionFields } from './SuspensionFields.tsx'
import { useDraft } from './use-draft.ts'
import { useEdit } from './use-edit.ts'
import type { Edit } from './use-edit.ts'

type Release = NonNullable<QueryOf<'endSuspension'>['release']>
const RELEASES = ['in-order', 'rescan', 'review', 'discard'] as const satisfies readonly Release[]
const DEFAULT_EXTENSION_MS = 3_600_000
/** Everything in order, and everybody at once. */
const HOW_IT_ENDS: { readonly release: Release; readonly first: string } = { release: 'in-order', first: '' }

interface ActionProps {
  readonly suspension: SuspensionView
  readonly onDone: (done: Done) => void
}

type DialogProps = ActionProps & { readonly onClose: () => void }

const DIALOGS = { extend: ExtendDialog, exempt: ExemptDialog, end: EndDialog, note: ReviewDialog } as const

/** Extending, exempting, reading what is held and ending, each in a dialog that says what it is about. */
export function SuspensionActions(props: ActionProps) {
  const { t } = useTexts()
  const { state, held, reviewDueAt, reviewedAt } = props.suspension
  const [open, setOpen] = useState<keyof typeof DIALOGS | 'held'>()
  const mayReview = useMay('held.review')
  const mayApprove = useMay('suspension.approve')
  const close = () => setOpen(undefined)
  const Opened = open === undefined || open === 'held' ? undefined : DIALOGS[open]
  const button = (name: keyof typeof DIALOGS | 'held', text: string) => (
    <button type="button" className="button small" onClick={() => setOpen(name)}>
      {text}
    </button>
  )
  return (
    <>
      <div className="button-row">
        {held.count > 0 && mayReview && button('held', t.heldLook(held.count))}
        {reviewDueAt && reviewedAt === undefined && mayApprove && button('note', t.reviewNote)}
      </div>
      {state !== 'ended' && (
        <Guarded permission="policy.write">
          <div className="button-row">
            {button('extend', t.extend)}
            {button('exempt', t.exemptMore)}
            {button('end', t.end)}
          </div>
        </Guarded>
      )}
      {Opened && <Opened {...props} onClose={close} />}
      {open === 'held' && (
        <HeldReview
          suspension={props.suspension}
          onClose={(text) => {
            close()
            if (text !== undefined) props.onDone({ text })
          }}
        />
      )}
    </>
  )
}

/** Bound to the suspension as it was when the dialog was opened. */
function useSuspensionEdit(suspension: SuspensionView): Edit {
  const [seen] = useState(suspension)
  return useEdit('getSuspension', { id: seen.id }, { suspension: seen })
}

function EndDialog({ suspension, onDone, onClose }: DialogProps) {
  const { t, language } = useTexts()
  const { call } = useConsole()
  const edit = useSuspensionEdit(suspension)
  const { id, scopes, held } = suspension
  const draft = useDraft(`end ${id}`, HOW_IT_ENDS)
  const { release, first } = draft.value
  const canaryUnits = namedIn(first).join(',')
  const query = { release, ...(canaryUnits !== '' && { canaryUnits }) }
  const end = () =>
    edit.run(async (ifMatch) => {
      const answer = await call('endSuspension', { params: { id }, query, ...ifMatch })
      const { released, discarded, effect, request } = answer
      const count = (value: number) => formatCount(value, language)
      const text = release === 'review' ? t.endedForReview : t.ended(count(released), count(discarded))
      draft.sent()
      onDone({ text: request ? t.waitsForSecond : text, effect })
      onClose()
    })
  return (
    <Dialog title={t.endQuestion(scopesText(scopes, t))} onClose={onClose} isKept>
      <p>{held.count === 0 ? t.tileNothingHeld : t.heldNow(formatCount(held.count, language))}</p>
      {held.count > 0 && (
        <fieldset className="stack">
          <legend>{t.releaseLabel}</legend>
          {RELEASES.map((kind) => (
            <label key={kind} className="check">
              <input
                type="radio"
                name="release"
                checked={release === kind}
                onChange={() => draft.set({ first, release: kind })}
              />
              <span>
                {t.releases[kind]} <small>{t.releaseHints[kind]}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      <NamesField
        label={t.canary}
        hint={t.canaryHint}
        kind="unit"
        names={first}
        onChange={(names) => draft.set({ release, first: names })}
      />
      <Repeat
        command={endCommand(id, query)}
        request={{ id: 'endSuspension', params: { id }, query }}
        suspension={id}
      />
      <ConflictNotice edit={edit} />
      <ProblemBox problem={edit.problem} />
      <div className="button-row">
        <button
          type="button"
          className={`button ${release === 'discard' && held.count > 0 ? 'danger' : 'primary'}`}
          data-autofocus
          onClick={() => void end()}
          aria-disabled={edit.isBusy}
        >
          {edit.isBusy ? t.ending : t.endNow}
        </button>
        <button type="button" className="button" onClick={onClose}>
          {t.cancel}
        </button>
      </div>
    </Dialog>
  )
}

function ExtendDialog({ suspension, onDone, onClose }: DialogProps) {
  const { t } = useTexts()
  const { call } = useConsole()
  const edit = useSuspensionEdit(suspension)
  const { id, scopes, until: current } = suspension
  const [suggested] = useState(() => ({
    until: localFrom(new Date((current ? new Date(current) : new Date()).getTime() + DEFAULT_EXTENSION_MS)),
  }))
  const draft = useDraft(`extend ${id}`, suggested)
  const { until } = draft.value
  const body = { until: until === '' ? null : instantFrom(until) }
  const extend = () =>
    edit.run(async (ifMatch) => {
      const { effect, request } = await call('extendSuspension', { params: { id }, body, ...ifMatch })
      draft.sent()
      onDone({ text: request ? t.waitsForSecond : t.extended, effect })
      onClose()
    })
  return (
    <Dialog title={t.extendQuestion(scopesText(scopes, t))} onClose={onClose} isKept>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void extend()
        }}
      >
        <TextField
          label={t.until}
          hint={t.untilHint}
          type="datetime-local"
          value={until}
          onChange={(text) => draft.set({ until: text })}
        />
        <Repeat
          command={extendCommand(id, body)}
          request={{ id: 'extendSuspension', params: { id }, body }}
          suspension={id}
        />
        <ConflictNotice edit={edit} />
        <ProblemBox problem={edit.problem} />
        <button type="submit" className="button primary" aria-disabled={edit.isBusy}>
          {t.extendNow}
        </button>
      </form>
    </Dialog>
  )
}

function ExemptDialog({ suspension, onDone, onClose }: DialogProps) {
  const { t } = useTexts()
  const { call } = useConsole()
  const edit = useSuspensionEdit(suspension)
  const { id, scopes } = suspension
  const draft = useDraft(`exempt ${id}`, EMPTY_EXEMPTIONS)
  const wanted = exemptionsFrom(draft.value)
  const exempt = () =>
    edit.run(async (ifMatch) => {
      const { effect, request } = await call('exemptSuspension', { params: { id }, body: wanted ?? {}, ...ifMatch })
      draft.sent()
      onDone({ text: request ? t.waitsForSecond : t.exempted, effect })
      onClose()
    })
  return (
    <Dialog title={t.exemptQuestion(scopesText(scopes, t))} onClose={onClose} isKept>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (wanted) void exempt()
        }}
      >
        <p className="hint">{t.exemptHint}</p>
        <ExemptionFields draft={draft.value} onChange={(changes) => draft.set((known) => ({ ...known, ...changes }))} />
        {wanted && (
          <Repeat
            command={exemptCommand(id, wanted)}
            request={{ id: 'exemptSuspension', params: { id }, body: wanted }}
            suspension={id}
          />
        )}
        <ConflictNotice edit={edit} />
        <ProblemBox problem={edit.problem} />
        <button type="submit" className="button primary" aria-disabled={!wanted || edit.isBusy}>
          {t.exemptNow}
        </button>
      </form>
    </Dialog>
  )
}

/** Somebody else has looked at what one person had started alone. */
function ReviewDialog({ suspension, onDone, onClose }: DialogProps) {
  const { t } = useTexts()
  const { call } = useConsole()
  const edit = useSuspensionEdit(suspension)
  const { id, scopes, startedBy } = suspension
  const draft = useDraft(`review ${id}`, { note: '' })
  const review = () =>
    edit.run(async (ifMatch) => {
      await call('reviewSuspension', { params: { id }, body: { note: draft.value.note.trim() }, ...ifMatch })
      draft.sent()
      onDone({ text: t.reviewed })
      onClose()
    })
  return (
    <Dialog title={t.reviewQuestion(scopesText(scopes, t), startedBy)} onClose={onClose} isKept>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void review()
        }}
      >
        <Field label={t.reviewFinding}>
          {(ids) => (
            <textarea
              {...ids}
              required
              maxLength={2000}
              value={draft.value.note}
              onChange={(event) => draft.set({ note: event.target.value })}
            />
          )}
        </Field>
        <ConflictNotice edit={edit} />
        <ProblemBox problem={edit.problem} />
        <button type="submit" className="button primary" aria-disabled={edit.isBusy}>
          {t.reviewNow}
        </button>
      </form>
    </Dialog>
  )
}
