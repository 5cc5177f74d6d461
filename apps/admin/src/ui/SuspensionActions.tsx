import type { QueryOf, SuspensionView } from '@drawbridge/contract'
import { Dialog } from '@drawbridge/ui'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { instantFrom, localFrom } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import type { Done } from './Emergency.tsx'
import { formatCount } from './format.ts'
import { Field, Guarded, ProblemBox } from './parts.tsx'
import { useAction } from './use-resource.ts'

type Release = NonNullable<QueryOf<'endSuspension'>['release']>
const RELEASES = ['in-order', 'rescan', 'review', 'discard'] as const satisfies readonly Release[]
const DEFAULT_EXTENSION_MS = 3_600_000

interface ActionProps {
  readonly suspension: SuspensionView
  readonly onDone: (done: Done) => void
}

/** Ending and extending, each in a dialog that says what it is about. */
export function SuspensionActions(props: ActionProps) {
  const { t } = useTexts()
  const [open, setOpen] = useState<'end' | 'extend'>()
  const close = () => setOpen(undefined)
  return (
    <Guarded permission="policy.write">
      <div className="button-row">
        <button type="button" className="button small" onClick={() => setOpen('extend')}>
          {t.extend}
        </button>
        <button type="button" className="button small" onClick={() => setOpen('end')}>
          {t.end}
        </button>
      </div>
      {open === 'end' && <EndDialog {...props} onClose={close} />}
      {open === 'extend' && <ExtendDialog {...props} onClose={close} />}
    </Guarded>
  )
}

function EndDialog({ suspension, onDone, onClose }: ActionProps & { readonly onClose: () => void }) {
  const { t, language } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [release, setRelease] = useState<Release>('in-order')
  const { id, scopes, held } = suspension
  const end = () =>
    action.run(async () => {
      const answer = await call('endSuspension', { params: { id }, query: { release } })
      const { released, discarded, effect, request } = answer
      const count = (value: number) => formatCount(value, language)
      onDone({ text: request ? t.waitsForSecond : t.ended(count(released), count(discarded)), effect })
      onClose()
    })
  return (
    <Dialog title={t.endQuestion(scopes.join(', '))} onClose={onClose}>
      <p>{t.heldNow(formatCount(held.count, language))}</p>
      <Field label={t.releaseLabel}>
        {(ids) => (
          <select {...ids} value={release} onChange={(event) => setRelease(event.target.value as Release)}>
            {RELEASES.map((kind) => (
              <option key={kind} value={kind}>
                {t.releases[kind]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <ProblemBox problem={action.problem} />
      <div className="button-row">
        <button type="button" className="button primary" onClick={() => void end()} aria-disabled={action.isBusy}>
          {t.endNow}
        </button>
      </div>
    </Dialog>
  )
}

function ExtendDialog({ suspension, onDone, onClose }: ActionProps & { readonly onClose: () => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const { id, scopes, until: current } = suspension
  const [until, setUntil] = useState(() =>
    localFrom(new Date((current ? new Date(current) : new Date()).getTime() + DEFAULT_EXTENSION_MS)),
  )
  const extend = () =>
    action.run(async () => {
      const body = { until: until === '' ? null : instantFrom(until) }
      const { effect, request } = await call('extendSuspension', { params: { id }, body })
      onDone({ text: request ? t.waitsForSecond : t.extended, effect })
      onClose()
    })
  return (
    <Dialog title={t.extendQuestion(scopes.join(', '))} onClose={onClose} isKept>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void extend()
        }}
      >
        <Field label={t.until} hint={t.untilHint}>
          {(ids) => (
            <input {...ids} type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
          )}
        </Field>
        <ProblemBox problem={action.problem} />
        <button type="submit" className="button primary" aria-disabled={action.isBusy}>
          {t.extendNow}
        </button>
      </form>
    </Dialog>
  )
}
