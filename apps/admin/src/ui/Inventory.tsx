import type { ClientVersion } from '@drawbridge/contract'
import { useDeferredValue } from 'react'
import type { Call } from '../api/call.ts'
import { useConsole } from '../api/console.ts'
import { allPages } from '../api/pages.ts'
import { draftAbout } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { queryOf, STANDINGS, standingOf } from '../model/standing.ts'
import type { InventoryFilter } from '../model/standing.ts'
import { useTexts } from '../texts/index.ts'
import { CsvButton } from './CsvButton.tsx'
import { formatCount } from './format.ts'
import { ListEnd } from './ListEnd.tsx'
import { Field, Link, Loaded, Moment, Panel } from './parts.tsx'
import { Table } from './Table.tsx'
import { PeopleOf } from './PeopleOf.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { PAGE, usePages } from './use-pages.ts'

/** How often the inventory is asked for, in milliseconds. */
const EVERY_MS = 30_000
/** Rows of a file that are asked for at once. */
const FILE_PAGE = 500

/** Every version in use, those that nobody can name first, and the people of one of them. The filter is in the address. */
export function Inventory({ onWrite }: { readonly onWrite: (draft: RuleDraft) => void }) {
  const { t, language } = useTexts()
  const { call } = useConsole()
  const { search } = useRoute()
  const family = search.get('family')
  const filter: InventoryFilter = {
    text: search.get('text') ?? '',
    standing: STANDINGS.find((standing) => standing === search.get('risk')) ?? '',
    isLive: search.get('live') === 'yes',
  }
  // Typing goes before looking up.
  const query = useDeferredValue(JSON.stringify(queryOf(filter)))
  const page = async (ask: Call, limit: number, cursor: string | undefined, signal?: AbortSignal) => {
    const wanted = JSON.parse(query) as ReturnType<typeof queryOf>
    const { clients: items, next } = await ask('listClientVersions', {
      query: { ...wanted, limit, cursor },
      ...(signal && { signal }),
    })
    return { items, next }
  }
  const inventory = usePages(`inventory ${query}`, (ask, cursor, signal) => page(ask, PAGE, cursor, signal), {
    everyMs: EVERY_MS,
  })
  const columns = [t.family, t.version, t.people, t.sessions, t.evidence, t.standing, t.seen, t.action]
  const isFiltered = filter.text !== '' || filter.standing !== '' || filter.isLive
  return (
    <>
      {family !== null && <PeopleOf key={search.toString()} family={family} version={search.get('version') ?? ''} />}
      <Panel title={t.inventoryTitle} hint={t.inventoryHint}>
        <Filter filter={filter} />
        <Loaded resource={inventory}>
          {(clients) =>
            clients.length === 0 ? (
              <p className="empty">{isFiltered ? t.noneFits : t.noClients}</p>
            ) : (
              <Table caption={t.inventoryTitle} columns={columns}>
                {clients.map((client) => (
                  <tr key={`${client.family}\n${client.version}\n${client.isUnknown}`} data-testid="client">
                    <th scope="row">{client.family ?? <em>{t.unknownFamily}</em>}</th>
                    <td className="long">{client.version ?? '–'}</td>
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
                      <Standing client={client} />
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
            )
          }
        </Loaded>
        <div className="button-row spread">
          <ListEnd pages={inventory} />
          <CsvButton
            name="clients"
            columns={COLUMNS}
            rows={async () => (await allPages((cursor) => page(call, FILE_PAGE, cursor))).map(rowOf)}
          />
        </div>
      </Panel>
    </>
  )
}

function Filter({ filter }: { readonly filter: InventoryFilter }) {
  const { t } = useTexts()
  const change = (changes: Partial<InventoryFilter>) => {
    const { text, standing, isLive } = { ...filter, ...changes }
    go(hrefOf('clients', { text, risk: standing, live: isLive ? 'yes' : '' }), 'replace')
  }
  return (
    <form role="search" className="fields" onSubmit={(event) => event.preventDefault()}>
      <Field label={t.filterText}>
        {(ids) => (
          <input
            {...ids}
            type="search"
            spellCheck={false}
            maxLength={128}
            value={filter.text}
            onChange={(event) => change({ text: event.target.value })}
          />
        )}
      </Field>
      <Field label={t.standing}>
        {(ids) => (
          <select
            {...ids}
            value={filter.standing}
            onChange={({ target }) =>
              change({ standing: STANDINGS.find((standing) => standing === target.value) ?? '' })
            }
          >
            <option value="">{t.anyRisk}</option>
            {STANDINGS.map((standing) => (
              <option key={standing} value={standing}>
                {t.risks[standing]}
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

function rowOf(client: ClientVersion): readonly (string | number)[] {
  const { family = '', version = '', people, sessions, tiers, flaws, firstSeenAt, lastSeenAt } = client
  const advisories = flaws.map(({ flaw }) => flaw).join(' ')
  return [family, version, people, sessions, tiers.join(' '), standingOf(client), advisories, firstSeenAt, lastSeenAt]
}

function Standing({ client }: { readonly client: ClientVersion }) {
  const { t } = useTexts()
  const { flaws } = client
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
  const standing = standingOf(client)
  return <span className={`mark ${standing === 'fine' ? '' : 'warning'}`}>{t.risks[standing]}</span>
}
