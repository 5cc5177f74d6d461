import type { ClientVersion } from '@drawbridge/contract'
import { draftAbout } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { flawsOf } from '../model/safe-builds.ts'
import { useTexts } from '../texts/index.ts'
import { formatCount } from './format.ts'
import { Link, Loaded, Moment, Panel, Table } from './parts.tsx'
import { hrefOf, useRoute } from './route.ts'
import { useResource } from './use-resource.ts'

/** How often the inventory is asked for, in milliseconds. */
const EVERY_MS = 30_000
const MOST_PEOPLE = 500

/** Every version in use, those that nobody can name first, and the people of one of them. */
export function Inventory({ onWrite }: { readonly onWrite: (draft: RuleDraft) => void }) {
  const { t, language } = useTexts()
  const { search } = useRoute()
  const family = search.get('family')
  const inventory = useResource(
    'inventory',
    async (call, signal) => {
      const [{ clients }, { proposals }] = await Promise.all([
        call('listClientVersions', { query: { days: 90 }, signal }),
        call('listProposals', { signal }),
      ])
      return { clients, proposals }
    },
    { everyMs: EVERY_MS },
  )
  const columns = [t.family, t.version, t.people, t.sessions, t.evidence, t.standing, t.seen, t.action]
  return (
    <>
      {family !== null && <People key={search.toString()} family={family} version={search.get('version') ?? ''} />}
      <Panel title={t.inventoryTitle} hint={t.inventoryHint}>
        <Loaded resource={inventory}>
          {({ clients, proposals }) =>
            clients.length === 0 ? (
              <p className="empty">{t.noClients}</p>
            ) : (
              <Table caption={t.inventoryTitle} columns={columns}>
                {clients.map((client) => (
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
                    <td>{client.tiers.join(', ')}</td>
                    <td>
                      <Standing client={client} flaws={flawsOf(client, proposals).map(({ flaw }) => flaw)} />
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
      </Panel>
    </>
  )
}

function Standing({ client, flaws }: { readonly client: ClientVersion; readonly flaws: readonly string[] }) {
  const { t } = useTexts()
  if (flaws.length > 0) {
    return (
      <Link href={hrefOf('clients', { view: 'advisories' })}>
        {flaws[0]} {flaws.length > 1 && `+${flaws.length - 1}`}
      </Link>
    )
  }
  return <span className={`mark ${client.isUnknown ? 'warning' : ''}`}>{client.isUnknown ? t.unknown : t.noFlaw}</span>
}

function People({ family, version }: { readonly family: string; readonly version: string }) {
  const { t } = useTexts()
  const uses = useResource('uses', (call, signal) =>
    call('listClientUses', {
      query: { days: 90, family, limit: MOST_PEOPLE, ...(version !== '' && { version }) },
      signal,
    }),
  )
  const title = t.peopleOf(`${family} ${version}`.trim())
  return (
    <Panel title={title} actions={<Link href={hrefOf('clients')}>{t.close}</Link>}>
      <Loaded resource={uses}>
        {({ uses: list }) =>
          list.length === 0 ? (
            <p className="empty">{t.noUses}</p>
          ) : (
            <Table caption={title} columns={[t.account, t.version, t.system, t.evidence, t.address, t.seen]}>
              {list.map(({ account, client, address, lastSeenAt }) => (
                <tr key={`${account} ${client.version} ${client.os} ${address} ${lastSeenAt}`}>
                  <th scope="row">{account}</th>
                  <td>{client.version ?? '–'}</td>
                  <td>{client.os ?? '–'}</td>
                  <td>
                    {client.tier} · {client.source}{' '}
                    {client.isSuspect && <span className="mark danger">{t.suspect}</span>}
                  </td>
                  <td>{address ?? '–'}</td>
                  <td>
                    <Moment at={lastSeenAt} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Panel>
  )
}
