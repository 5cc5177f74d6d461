import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { instantFrom } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Field, Guarded, Loaded, Moment, Panel, ProblemBox, Table } from './parts.tsx'
import { useAction, useResource } from './use-resource.ts'

const EMPTY = { family: '', accounts: '', reason: '', until: '' }

/** Who is spared from the rules for a while, and why. */
export function Exceptions() {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const exceptions = useResource('exceptions', (ask, signal) => ask('listClientExceptions', { signal }))
  const [draft, setDraft] = useState(EMPTY)
  const [isAsked, setIsAsked] = useState(false)
  const field = (key: keyof typeof EMPTY) => ({
    value: draft[key],
    onChange: ({ target }: { target: { value: string } }) => setDraft((known) => ({ ...known, [key]: target.value })),
  })
  const add = () =>
    action.run(async () => {
      const accounts = draft.accounts
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
      const body = {
        family: draft.family.trim(),
        reason: draft.reason.trim(),
        ...(accounts.length > 0 && { accounts }),
        ...(draft.until !== '' && { until: instantFrom(draft.until) }),
      }
      const { request } = await call('addClientException', { body })
      setIsAsked(request !== undefined)
      setDraft(EMPTY)
      await exceptions.reload()
    })
  const remove = (id: string) =>
    action.run(async () => {
      await call('removeClientException', { params: { id } })
      await exceptions.reload()
    })
  return (
    <Panel title={t.exceptionsTitle}>
      <Loaded resource={exceptions}>
        {({ exceptions: list }) =>
          list.length === 0 ? (
            <p className="empty">{t.noExceptions}</p>
          ) : (
            <Table caption={t.exceptionsTitle} columns={[t.family, t.account, t.reason, t.written, t.until, t.action]}>
              {list.map(({ id, family, accounts, reason, createdBy, approvedBy, until }) => (
                <tr key={id}>
                  <th scope="row">{family === '*' ? t.everyFamily : family}</th>
                  <td>{accounts?.join(', ') ?? t.everybody}</td>
                  <td dir="auto">{reason}</td>
                  <td>{t.by([createdBy, approvedBy].filter(Boolean).join(' + '))}</td>
                  <td>
                    <Moment at={until} />
                  </td>
                  <td>
                    <Guarded permission="policy.write">
                      <button type="button" className="button small" onClick={() => void remove(id)}>
                        {t.endException}
                      </button>
                    </Guarded>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      <Guarded permission="policy.write">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void add()
          }}
        >
          {isAsked && <p role="status">{t.approvals}</p>}
          <div className="fields">
            <Field label={t.family} hint={t.familyHint}>
              {(ids) => <input {...ids} required spellCheck={false} {...field('family')} />}
            </Field>
            <Field label={t.accounts} hint={t.listHint}>
              {(ids) => <input {...ids} spellCheck={false} {...field('accounts')} />}
            </Field>
            <Field label={t.until} hint={t.exceptionUntilHint}>
              {(ids) => <input {...ids} type="datetime-local" {...field('until')} />}
            </Field>
            <Field label={t.reason}>{(ids) => <input {...ids} required maxLength={500} {...field('reason')} />}</Field>
          </div>
          <ProblemBox problem={action.problem} />
          <button type="submit" className="button" aria-disabled={action.isBusy}>
            {t.addException}
          </button>
        </form>
      </Guarded>
    </Panel>
  )
}
