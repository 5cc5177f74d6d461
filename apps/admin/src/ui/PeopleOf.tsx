import { useTexts } from '../texts/index.ts'
import { CsvButton } from './CsvButton.tsx'
import { Link, Loaded, Moment, Panel, Table } from './parts.tsx'
import { hrefOf } from './route.ts'
import { useResource } from './use-resource.ts'

const MOST_PEOPLE = 500
const COLUMNS = [
  'account',
  'family',
  'version',
  'os',
  'tier',
  'source',
  'isSuspect',
  'units',
  'address',
  'node',
  'lastSeenAt',
]

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
              <Table caption={title} columns={[t.account, t.version, t.system, t.evidence, t.address, t.node, t.seen]}>
                {list.map(({ account, client, address, node, units, unknownBecause, refusedAt, lastSeenAt }) => (
                  <tr key={`${account} ${client.version} ${client.os} ${address} ${lastSeenAt}`}>
                    <th scope="row">
                      {account} {units.length > 0 && <span className="soft">{units.join(', ')}</span>}
                    </th>
                    <td>{client.version ?? '–'}</td>
                    <td>{client.os ?? '–'}</td>
                    <td>
                      {client.tier} <span className="soft">{t.tiers[client.tier]}</span>{' '}
                      {client.isSuspect && <span className="mark danger">{t.suspect}</span>}
                      {unknownBecause !== undefined && <div className="soft">{unknownBecause}</div>}
                    </td>
                    <td>{address ?? '–'}</td>
                    <td>{node}</td>
                    <td>
                      <Moment at={lastSeenAt} />{' '}
                      {refusedAt !== undefined && <span className="mark danger">{t.notLetIn}</span>}
                    </td>
                  </tr>
                ))}
              </Table>
              <CsvButton
                name={`people-${family}`}
                columns={COLUMNS}
                rows={() =>
                  list.map(({ account, client, units, address = '', node, lastSeenAt }) => [
                    account,
                    client.family ?? '',
                    client.version ?? '',
                    client.os ?? '',
                    client.tier,
                    client.source,
                    client.isSuspect ? 'yes' : 'no',
                    units.join(' '),
                    address,
                    node,
                    lastSeenAt,
                  ])
                }
              />
            </div>
          )
        }
      </Loaded>
    </Panel>
  )
}
