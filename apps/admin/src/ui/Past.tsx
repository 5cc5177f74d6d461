import { useMay } from '../api/console.ts'
import { scopesText } from '../model/scopes.ts'
import { useTexts } from '../texts/index.ts'
import { ListEnd } from './ListEnd.tsx'
import { Link, Loaded, Moment, Panel } from './parts.tsx'
import { Table } from './Table.tsx'
import { hrefOf } from './route.ts'
import { PAGE, usePages } from './use-pages.ts'

/** What was suspended before, with everything on record about each. */
export function Past() {
  const { t } = useTexts()
  const mayAudit = useMay('audit.read')
  const past = usePages('past', async (call, cursor, signal) => {
    const { suspensions, next } = await call('listSuspensions', { query: { cursor, limit: PAGE }, signal })
    return { items: suspensions.filter(({ state }) => state === 'ended'), next }
  })
  return (
    <Panel title={t.pastTitle}>
      <Loaded resource={past}>
        {(list) =>
          list.length === 0 ? (
            <p className="empty">{t.noPast}</p>
          ) : (
            <Table caption={t.pastTitle} columns={[t.scope, t.mode, t.since, t.endedAt, t.outcome, t.recordTitle]}>
              {list.map(({ id, scopes, mode, isDrill, since, endedAt, released, discarded }) => (
                <tr key={id}>
                  <th scope="row">
                    {scopesText(scopes, t)} {isDrill && <span className="mark">{t.states.drill}</span>}
                  </th>
                  <td>{t.modes[mode]}</td>
                  <td>
                    <Moment at={since} />
                  </td>
                  <td>{endedAt ? <Moment at={endedAt} /> : '–'}</td>
                  <td>{t.outcomeCounts(released, discarded)}</td>
                  <td>
                    {mayAudit ? (
                      <span className="button-row">
                        <Link href={hrefOf('audit', { target: id })}>{t.inAudit}</Link>
                        <a href={`/api/v1/suspensions/${id}/record`} download={`incident-${id}.json`}>
                          {t.record}
                        </a>
                      </span>
                    ) : (
                      '–'
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      <ListEnd pages={past} />
    </Panel>
  )
}
