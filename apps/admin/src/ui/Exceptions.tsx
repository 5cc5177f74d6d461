import type { ClientExceptionView } from '@drawbridge/contract'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { exceptionCommand } from '../model/as-command.ts'
import { instantFrom, namedIn } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { DraftNotice } from './DraftNotice.tsx'
import { ListEnd } from './ListEnd.tsx'
import { NameField, NamesField } from './NamesField.tsx'
import { Guarded, Loaded, Moment, Panel, ProblemBox, TextField } from './parts.tsx'
import { Repeat } from './Repeat.tsx'
import { Table } from './Table.tsx'
import { useDraft } from './use-draft.ts'
import { useEdit } from './use-edit.ts'
import { PAGE, usePages } from './use-pages.ts'
import { useAction } from './use-resource.ts'

const EMPTY = { family: '', below: '', accounts: '', units: '', reason: '', until: '' }

/** Who is spared from the rules for a while, and why. */
export function Exceptions() {
  const { t } = useTexts()
  const exceptions = usePages(
    'exceptions',
    async (call, cursor, signal) => {
      const { exceptions: items, next } = await call('listClientExceptions', { query: { cursor, limit: PAGE }, signal })
      return { items, next }
    },
    { on: ['rules'] },
  )
  return (
    <>
      <Panel title={t.exceptionsTitle} hint={t.exceptionsHint}>
        <Loaded resource={exceptions}>
          {(list) =>
            list.length === 0 ? (
              <p className="empty">{t.noExceptions}</p>
            ) : (
              <Table
                caption={t.exceptionsTitle}
                columns={[t.family, t.account, t.reason, t.written, t.until, t.action]}
              >
                {list.map((exception) => (
                  <Row key={exception.id} exception={exception} onEnded={() => void exceptions.reload()} />
                ))}
              </Table>
            )
          }
        </Loaded>
        <ListEnd pages={exceptions} />
      </Panel>
      <NewException onAdded={() => void exceptions.reload()} />
    </>
  )
}

function Row({ exception, onEnded }: { readonly exception: ClientExceptionView; readonly onEnded: () => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const { id, family, below, accounts, units, reason, createdBy, approvedBy, until } = exception
  const params = { id }
  const [isEnding, setEnding] = useState(false)
  const edit = useEdit('getClientException', params, { exception })
  const end = () =>
    edit.run(async (ifMatch) => {
      await call('removeClientException', { params, ...ifMatch })
      onEnded()
    })
  return (
    <tr>
      <th scope="row">
        {family === '*' ? t.everyFamily : family} {below && t.belowVersion(below)}
      </th>
      <td>{[...(accounts ?? []), ...(units ?? [])].join(', ') || t.everybody}</td>
      <td className="long" dir="auto">
        {reason}
      </td>
      <td>{t.by([createdBy, approvedBy].filter(Boolean).join(' + '))}</td>
      <td>
        <Moment at={until} />
      </td>
      <td>
        <Guarded permission="policy.write">
          <button type="button" className="button danger-line small" onClick={() => setEnding(true)}>
            {t.endException}
          </button>
          {isEnding && (
            <ConfirmDialog
              title={t.endExceptionQuestion(family === '*' ? t.everyFamily : family)}
              text={t.endExceptionNow}
              edit={edit}
              onConfirm={() => void end()}
              onClose={() => setEnding(false)}
            >
              {t.endExceptionHint}
            </ConfirmDialog>
          )}
        </Guarded>
      </td>
    </tr>
  )
}

function NewException({ onAdded }: { readonly onAdded: () => void }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const draft = useDraft('exception', EMPTY)
  const [isAsked, setIsAsked] = useState(false)
  const { family, below, accounts, units, reason, until } = draft.value
  const change = (changes: Partial<typeof EMPTY>) => draft.set((known) => ({ ...known, ...changes }))
  const body = {
    family: family.trim(),
    reason: reason.trim(),
    ...(below.trim() !== '' && { below: below.trim() }),
    ...(namedIn(accounts).length > 0 && { accounts: namedIn(accounts) }),
    ...(namedIn(units).length > 0 && { units: namedIn(units) }),
    ...(until !== '' && { until: instantFrom(until) }),
  }
  const add = () =>
    action.run(async () => {
      const { request } = await call('addClientException', { body })
      setIsAsked(request !== undefined)
      draft.sent()
      onAdded()
    })
  return (
    <Panel title={t.newException}>
      <Guarded permission="policy.write">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void add()
          }}
        >
          <div role="status">{isAsked && <p className="notice">{t.waitsForSecond}</p>}</div>
          <DraftNotice draft={draft} />
          <div className="fields">
            <NameField
              label={t.family}
              hint={t.familyHint}
              kind="family"
              isRequired
              value={family}
              onChange={(chosen) => change({ family: chosen })}
            />
            <TextField label={t.below} hint={t.belowEmpty} value={below} onChange={(text) => change({ below: text })} />
            <NamesField
              label={t.accounts}
              hint={t.listHint}
              kind="account"
              names={accounts}
              onChange={(names) => change({ accounts: names })}
            />
            <NamesField
              label={t.units}
              hint={t.listHint}
              kind="unit"
              names={units}
              onChange={(names) => change({ units: names })}
            />
            <TextField
              label={t.until}
              hint={t.exceptionUntilHint}
              type="datetime-local"
              value={until}
              onChange={(text) => change({ until: text })}
            />
            <TextField
              label={t.reason}
              isRequired
              maxLength={500}
              value={reason}
              onChange={(text) => change({ reason: text })}
            />
          </div>
          {body.family !== '' && body.reason !== '' && (
            <Repeat command={exceptionCommand(body)} request={{ id: 'addClientException', body }} />
          )}
          <ProblemBox problem={action.problem} />
          <button type="submit" className="button primary" aria-disabled={action.isBusy}>
            {t.addException}
          </button>
        </form>
      </Guarded>
    </Panel>
  )
}
