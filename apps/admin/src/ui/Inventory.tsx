import type { AdvisoryProposalView, ClientVersion } from '@drawbridge/contract'
import { filterInventory, riskOf, RISKS } from '../model/inventory-filter.ts'
import type { InventoryFilter } from '../model/inventory-filter.ts'
import { draftAbout } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { flawsOf } from '../model/safe-builds.ts'
import { useTexts } from '../texts/index.ts'
import { CsvButton } from './CsvButton.tsx'
import { formatCount } from './format.ts'
import { Field, Link, Loaded, Moment, Panel, Table } from './parts.tsx'
import { PeopleOf } from './PeopleOf.tsx'
import { allPages } from '../api/pages.ts'
import { go, hrefOf, useRoute } from './route.ts'
import { useResource } from './use-resource.ts'

/** How often the inventory is asked for, in milliseconds. */
const EVERY_MS = 30_000

/** Every version in use, those that nobody can name first, and the people of one of them. The filter is in the address. */
export function Inventory({ onWrite }: { readonly onWrite: (draft: RuleDraft) => void }) {
  const { t, language } = useTexts()
  const { search } = useRoute()
  const family = search.get('family')
  const filter: InventoryFilter = {
    text: search.get('text') ?? '',
    risk: RISKS.find((risk) => risk === search.get('risk')) ?? '',
    isLive: search.get('live') === 'yes',
  }
  const inventory = useResource(
    'inventory',
    async (call, signal) => {
      const [clients, { proposals }] = await Promise.all([
        allPages(async (cursor) => {
          const page = await call('listClientVersions', { query: { days: 90, cursor }, signal })
          return { items: page.clients, next: page.next }
        }),
        call('listProposals', { signal }),
      ])
      return { clients, proposals }
    },
    { everyMs: EVERY_MS },
  )
  const columns = [t.family, t.version, t.people, t.sessions, t.evidence, t.standing, t.seen, t.action]
  return (
    <>
      {family !== null && <PeopleOf key={search.toString()} family={family} version={search.get('version') ?? ''} />}
      <Panel title={t.inventoryTitle} hint={t.inventoryHint}>
        <Loaded resource={inventory}>
          {({ clients, proposals }) => {
            if (clients.length === 0) return <p className="empty">{t.noClients}</p>
            const shown = filterInventory(clients, proposals, filter)
            return (
              <div className="stack">
                <Filter filter={filter} />
                <div className="button-row spread">
                  <p role="status" className="hint">
                    {t.shownOf(formatCount(shown.length, language), formatCount(clients.length, language))}
                  </p>
                  <CsvButton name="clients" columns={COLUMNS} rows={() => tableOf(shown, proposals)} />
                </div>
                {shown.length === 0 ? (
                  <p className="empty">{t.noneFits}</p>
                ) : (
                  <Table caption={t.inventoryTitle} columns={columns}>
                    {shown.map((client) => (
                      <tr key={`${client.family}\n${client.version}`} data-testid="client">
                        <th scope="row">{client.family ?? <em>{t.unknownFamily}</em>}</th>
                        <td>{client.version ?? '–'}</td>
                        <td className="count">
                          {client.family === undefined ? (
                            formatCount(client.people, language)
                          ) : (
                            <Link href={hrefOf('clients', { family: client.family, version: client.version })}>
                              {t.showPeople(client.people)}
                            </Link>
                          )}
                        </td>
                        <td className="count">{formatCount(client.sessions, language)}</td>
                        <td>
                          {client.tiers.map((tier) => (
                            <div key={tier}>
                              {tier} <span className="soft">{t.tiers[tier]}</span>
                            </div>
                          ))}
                        </td>
                        <td>
                          <Standing client={client} proposals={proposals} />
                        </td>
                        <td>
                          <Moment at={client.lastSeenAt} />
                        </td>
                        <td>
                          <button type="button" className="button small" onClick={() => onWrite(draftAbout(client))}>
                            {t.writeRule}
                          </button>
                        </td>
                      </tr>
                    ))}
                  </Table>
                )}
              </div>
            )
          }}
        </Loaded>
      </Panel>
    </>
  )
}

function Filter({ filter }: { readonly filter: InventoryFilter }) {
  const { t } = useTexts()
  const change = (changes: Partial<InventoryFilter>) => {
    const { text, risk, isLive } = { ...filter, ...changes }
    go(hrefOf('clients', { text, risk, live: isLive ? 'yes' : '' }), 'replace')
  }
  return (
    <form role="search" className="fields" onSubmit={(event) => event.preventDefault()}>
      <Field label={t.filterText}>
        {(ids) => (
          <input
            {...ids}
            type="search"
            spellCheck={false}
            value={filter.text}
            onChange={(event) => change({ text: event.target.value })}
          />
        )}
      </Field>
      <Field label={t.standing}>
        {(ids) => (
          <select
            {...ids}
            value={filter.risk}
            onChange={({ target }) => change({ risk: RISKS.find((risk) => risk === target.value) ?? '' })}
          >
            <option value="">{t.anyRisk}</option>
            {RISKS.map((risk) => (
              <option key={risk} value={risk}>
                {t.risks[risk]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <label className="check bottom">
        <input type="checkbox" checked={filter.isLive} onChange={({ target }) => change({ isLive: target.checked })} />
        {t.onlyLive}
      </label>
    </form>
  )
}

const COLUMNS = ['family', 'version', 'people', 'sessions', 'tiers', 'risk', 'advisories', 'firstSeenAt', 'lastSeenAt']

function tableOf(clients: readonly ClientVersion[], proposals: readonly AdvisoryProposalView[]) {
  return clients.map((client) => [
    client.family ?? '',
    client.version ?? '',
    client.people,
    client.sessions,
    client.tiers.join(' '),
    riskOf(client, proposals),
    flawsOf(client, proposals)
      .map(({ flaw }) => flaw)
      .join(' '),
    client.firstSeenAt,
    client.lastSeenAt,
  ])
}

function Standing({
  client,
  proposals,
}: {
  readonly client: ClientVersion
  readonly proposals: readonly AdvisoryProposalView[]
}) {
  const { t } = useTexts()
  const flaws = flawsOf(client, proposals)
  const [first] = flaws
  if (first) {
    return (
      <>
        <Link href={hrefOf('clients', { view: 'advisories' })}>{first.flaw}</Link>{' '}
        {flaws.length > 1 && `+${flaws.length - 1}`}{' '}
        {flaws.some(({ isExploited }) => isExploited) && <span className="mark danger">{t.exploited}</span>}
      </>
    )
  }
  const risk = riskOf(client, proposals)
  return <span className={`mark ${risk === 'fine' ? '' : 'warning'}`}>{t.risks[risk]}</span>
}
