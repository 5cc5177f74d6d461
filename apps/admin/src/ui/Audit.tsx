import type { AuditEntryView, ResponseOf } from '@drawbridge/contract'
import { useState } from 'react'
import { useConsole, useMay } from '../api/console.ts'
import { changesOf } from '../model/audit-change.ts'
import { useTexts } from '../texts/index.ts'
import { Changes } from './Changes.tsx'
import { formatCount } from './format.ts'
import { ListEnd } from './ListEnd.tsx'
import { Field, Loaded, Moment, Panel, ProblemBox, Table } from './parts.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { PAGE, usePages } from './use-pages.ts'
import { useAction } from './use-resource.ts'

const FILTERS = ['actor', 'action', 'target'] as const
type Filter = Readonly<Record<(typeof FILTERS)[number], string>>

/** Who did what, newest first; the filter is in the address. */
export function Audit() {
  const { t } = useTexts()
  const isOn = useMay('audit.read')
  const { search } = useRoute()
  const filter: Filter = {
    actor: search.get('actor') ?? '',
    action: search.get('action') ?? '',
    target: search.get('target') ?? '',
  }
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
  return (
    <form
      role="search"
      className="fields"
      onSubmit={(event) => {
        event.preventDefault()
        go(hrefOf('audit', typed))
      }}
    >
      {FILTERS.map((field) => (
        <Field key={field} label={t.auditFilters[field]}>
          {(ids) => (
            <input
              {...ids}
              spellCheck={false}
              value={typed[field]}
              onChange={(event) => setTyped((known) => ({ ...known, [field]: event.target.value.trim() }))}
            />
          )}
        </Field>
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
  const query = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))
  const entries = usePages(`audit ${JSON.stringify(query)}`, async (call, cursor, signal) => {
    const page = await call('listAudit', { query: { ...query, limit: PAGE, cursor }, signal })
    return { items: page.entries, next: page.next }
  })
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
      <ListEnd pages={entries} />
    </>
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
      <td>
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
