import type { AuditEntryView, QueryOf, ResponseOf } from '@drawbridge/contract'
import { useState } from 'react'
import type { Call } from '../api/call.ts'
import { useConsole, useMay } from '../api/console.ts'
import { allPages } from '../api/pages.ts'
import { changesOf } from '../model/audit-change.ts'
import { instantFrom } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Changes } from './Changes.tsx'
import { CsvButton } from './CsvButton.tsx'
import { formatCount } from './format.ts'
import { ListEnd } from './ListEnd.tsx'
import { Loaded, Moment, Panel, ProblemBox, TextField } from './parts.tsx'
import { Table } from './Table.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { PAGE, usePages } from './use-pages.ts'
import { useAction } from './use-resource.ts'

const TEXTS = ['actor', 'action', 'target'] as const
const TIMES = ['from', 'until'] as const
const FILTERS = [...TEXTS, ...TIMES] as const

/** Texts as they stand in their fields, and in the address; times are of the reader's own zone. */
type Filter = Readonly<Record<(typeof FILTERS)[number], string>>

/** Rows of a file that are asked for at once. */
const FILE_PAGE = 500

/** Who did what, newest first; the filter is in the address. */
export function Audit() {
  const { t } = useTexts()
  const isOn = useMay('audit.read')
  const { search } = useRoute()
  const filter = Object.fromEntries(FILTERS.map((field) => [field, search.get(field) ?? ''])) as Filter
  if (!isOn) return <p className="hint">{t.noAudit}</p>
  return (
    <>
      <Verify />
      <Panel title={t.auditTitle}>
        <AuditFilter key={JSON.stringify(filter)} filter={filter} />
        <AuditList key={`list ${JSON.stringify(filter)}`} filter={filter} />
      </Panel>
    </>
  )
}

function AuditFilter({ filter }: { readonly filter: Filter }) {
  const { t } = useTexts()
  const [typed, setTyped] = useState(filter)
  const put = (field: keyof Filter) => (text: string) => setTyped((known) => ({ ...known, [field]: text }))
  return (
    <form
      role="search"
      className="fields"
      onSubmit={(event) => {
        event.preventDefault()
        go(hrefOf('audit', Object.fromEntries(FILTERS.map((field) => [field, typed[field].trim()]))))
      }}
    >
      {TEXTS.map((field) => (
        <TextField key={field} label={t.auditFilters[field]} value={typed[field]} onChange={put(field)} />
      ))}
      {TIMES.map((field) => (
        <TextField
          key={field}
          label={t.auditFilters[field]}
          type="datetime-local"
          value={typed[field]}
          onChange={put(field)}
        />
      ))}
      <div className="button-row bottom">
        <button type="submit" className="button">
          {t.filter}
        </button>
        {FILTERS.some((field) => filter[field] !== '') && (
          <button type="button" className="button" onClick={() => go(hrefOf('audit'))}>
            {t.clearFilter}
          </button>
        )}
      </div>
    </form>
  )
}

/** More pages are appended, so that nothing that was read moves. */
function AuditList({ filter }: { readonly filter: Filter }) {
  const { t } = useTexts()
  const { call } = useConsole()
  const query = queryOf(filter)
  const page = async (ask: Call, limit: number, cursor: string | undefined, signal?: AbortSignal) => {
    const { entries: items, next } = await ask('listAudit', {
      query: { ...query, limit, cursor },
      ...(signal && { signal }),
    })
    return { items, next }
  }
  const entries = usePages(`audit ${JSON.stringify(query)}`, (ask, cursor, signal) => page(ask, PAGE, cursor, signal))
  return (
    <>
      <Loaded resource={entries}>
        {(all) =>
          all.length === 0 ? (
            <p className="empty">{t.noEntries}</p>
          ) : (
            <Table
              caption={t.auditTitle}
              columns={[t.when, t.auditFilters.actor, t.auditFilters.action, t.auditFilters.target, t.change]}
            >
              {all.map((entry) => (
                <Row key={entry.position} entry={entry} />
              ))}
            </Table>
          )
        }
      </Loaded>
      <div className="button-row spread">
        <ListEnd pages={entries} />
        <CsvButton
          name="audit"
          columns={COLUMNS}
          rows={async () => (await allPages((cursor) => page(call, FILE_PAGE, cursor))).map(rowOf)}
        />
      </div>
    </>
  )
}

const COLUMNS = ['position', 'at', 'actor', 'action', 'target', 'details', 'hash']

function rowOf({ position, at, actor, action, target, details, hash }: AuditEntryView): readonly (string | number)[] {
  return [position, at, actor, action, target, JSON.stringify(details), hash]
}

/** What is asked of the server. */
function queryOf(filter: Filter): Partial<QueryOf<'listAudit'>> {
  const given = FILTERS.filter((field) => filter[field] !== '')
  const isTime = (field: string) => TIMES.some((time) => time === field)
  return Object.fromEntries(
    given.map((field) => [field, isTime(field) ? instantFrom(filter[field]) : filter[field]] as const),
  )
}

function Row({ entry }: { readonly entry: AuditEntryView }) {
  const { t } = useTexts()
  const { position, at, actor, action, target, details } = entry
  const changes = changesOf(details)
  return (
    <tr data-testid="audit-entry">
      <td>
        <Moment at={at} hasUtc />
      </td>
      <td>{actor}</td>
      <td>
        <code>{action}</code>
      </td>
      <td className="long">
        <bdi>{target}</bdi>
      </td>
      <td>
        {changes.length === 0 ? (
          <span className="soft">{t.nothingMore(position)}</span>
        ) : (
          <details>
            <summary>{t.showChange(position)}</summary>
            <Changes changes={changes} />
          </details>
        )}
      </td>
    </tr>
  )
}

function Verify() {
  const { t, language } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [verdict, setVerdict] = useState<ResponseOf<'verifyAudit'>>()
  const verify = () => action.run(async () => setVerdict(await call('verifyAudit')))
  return (
    <Panel title={t.verifyTitle} hint={t.verifyHint}>
      <div className="button-row">
        <button type="button" className="button" onClick={() => void verify()} aria-disabled={action.isBusy}>
          {action.isBusy ? t.verifying : t.verify}
        </button>
      </div>
      <ProblemBox problem={action.problem} />
      <div role="status">
        {verdict && (
          <p className={verdict.isIntact ? 'notice good' : 'problem'}>
            {verdict.isIntact
              ? t.intact(formatCount(verdict.checked, language))
              : t.broken(verdict.brokenAt ?? 0, verdict.reason ?? '')}
          </p>
        )}
      </div>
    </Panel>
  )
}
