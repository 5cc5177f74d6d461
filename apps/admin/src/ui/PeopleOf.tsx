import type { ClientUse } from '@drawbridge/contract'
import type { Call } from '../api/call.ts'
import { useConsole } from '../api/console.ts'
import { allPages } from '../api/pages.ts'
import { useTexts } from '../texts/index.ts'
import { CsvButton } from './CsvButton.tsx'
import { ListEnd } from './ListEnd.tsx'
import { Link, Loaded, Moment, Panel } from './parts.tsx'
import { Table } from './Table.tsx'
import { hrefOf } from './route.ts'
import { PAGE, usePages } from './use-pages.ts'

/** Rows of a file that are asked for at once. */
const FILE_PAGE = 5_000
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
  const { call } = useConsole()
  const query = { days: 90, family, ...(version !== '' && { version }) }
  const page = async (call: Call, limit: number, cursor: string | undefined, signal?: AbortSignal) => {
    const { uses: items, next } = await call('listClientUses', {
      query: { ...query, limit, cursor },
      ...(signal && { signal }),
    })
    return { items, next }
  }
  const uses = usePages(`uses ${family} ${version}`, (ask, cursor, signal) => page(ask, PAGE, cursor, signal))
  const title = t.peopleOf(`${family} ${version}`.trim())
  return (
    <Panel title={title} isOpened actions={<Link href={hrefOf('clients')}>{t.close}</Link>}>
      <Loaded resource={uses}>
        {(list) =>
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
                    <td className="long">{client.version ?? '–'}</td>
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
            </div>
          )
        }
      </Loaded>
      <div className="button-row spread">
        <ListEnd pages={uses} />
        <CsvButton
          name={`people-${family}`}
          columns={COLUMNS}
          rows={async () => (await allPages((cursor) => page(call, FILE_PAGE, cursor))).map(rowOf)}
        />
      </div>
    </Panel>
  )
}

function rowOf({ account, client, units, address = '', node, lastSeenAt }: ClientUse): readonly string[] {
  const { family = '', version = '', os = '', tier, source, isSuspect } = client
  return [
    account,
    family,
    version,
    os,
    tier,
    source,
    isSuspect ? 'yes' : 'no',
    units.join(' '),
    address,
    node,
    lastSeenAt,
  ]
}
