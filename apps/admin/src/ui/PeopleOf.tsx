import { csvOf } from '../model/csv.ts'
import { useTexts } from '../texts/index.ts'
import { CsvButton } from './CsvButton.tsx'
import { Link, Loaded, Moment, Panel, Table } from './parts.tsx'
import { hrefOf } from './route.ts'
import { useResource } from './use-resource.ts'

const MOST_PEOPLE = 500

/** Who uses a version of a client, or any version where none is named. */
export function PeopleOf({ family, version }: { readonly family: string; readonly version: string }) {
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
            <div className="stack">
              <Table caption={title} columns={[t.account, t.version, t.system, t.evidence, t.address, t.seen]}>
                {list.map(({ account, client, address, lastSeenAt }) => (
                  <tr key={`${account} ${client.version} ${client.os} ${address} ${lastSeenAt}`}>
                    <th scope="row">{account}</th>
                    <td>{client.version ?? '–'}</td>
                    <td>{client.os ?? '–'}</td>
                    <td>
                      {client.tier} <span className="soft">{t.tiers[client.tier]}</span>{' '}
                      {client.isSuspect && <span className="mark danger">{t.suspect}</span>}
                    </td>
                    <td>{address ?? '–'}</td>
                    <td>
                      <Moment at={lastSeenAt} />
                    </td>
                  </tr>
                ))}
              </Table>
              <CsvButton
                name={`people-${family}`}
                build={() =>
                  csvOf(
                    ['account', 'family', 'version', 'os', 'tier', 'source', 'isSuspect', 'address', 'lastSeenAt'],
                    list.map(({ account, client, address = '', lastSeenAt }) => [
                      account,
                      client.family ?? '',
                      client.version ?? '',
                      client.os ?? '',
                      client.tier,
                      client.source,
                      client.isSuspect ? 'yes' : 'no',
                      address,
                      lastSeenAt,
                    ]),
                  )
                }
              />
            </div>
          )
        }
      </Loaded>
    </Panel>
  )
}
