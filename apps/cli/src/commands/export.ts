import { ADMIN_ROUTES, type AdminRouteId, csvOf, tableOf } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'
import { everyPage } from '../pages.ts'

/** What can be exported, and the list that it is. */
const EXPORTS = {
  sessions: 'listSessions',
  clients: 'listClientVersions',
  uses: 'listClientUses',
  history: 'listClientHistory',
  traffic: 'listTraffic',
  'traffic-hours': 'listTrafficHours',
  images: 'getImageCensus',
  rules: 'listClientRules',
  exceptions: 'listClientExceptions',
  advisories: 'listAdvisories',
  proposals: 'listProposals',
  builds: 'listClientBuilds',
  suspensions: 'listSuspensions',
  recalls: 'listRecalls',
  accounts: 'listAccounts',
  audit: 'listAudit',
} as const satisfies Record<string, AdminRouteId>

export const exportList: Command = {
  name: 'export',
  usage: `${Object.keys(EXPORTS).join('|')} [--csv] [--only NAME=VALUE]…`,
  summary:
    'Print a whole list, as a JSON value per line, or with --csv as a table with the same columns whatever is in it. --only is a filter of the list, such as days=30, family=gajim, unit=sales, unknown=true or by=room.',

  async run(args, cli) {
    const { values, words } = parse(args, ['LIST'], {
      csv: { type: 'boolean' },
      only: { type: 'string', multiple: true },
    })
    const [list = ''] = words
    if (!Object.hasOwn(EXPORTS, list)) throw new UsageError(`There is no list "${list}".`)
    const route = EXPORTS[list as keyof typeof EXPORTS]
    const { query, response } = ADMIN_ROUTES[route]
    const only = Object.fromEntries((values.only ?? []).map(filterFrom))
    checked(query, only)
    const table = tableOf(response)
    if (!table) throw new Error(`${route} is no list`)
    const rows: readonly unknown[] = await everyPage(cli.admin, route, table.key as never, { query: only })
    const text = values.csv ? csvOf(table, { [table.key]: rows }) : rows.map((row) => JSON.stringify(row)).join('\n')
    cli.document(text.trimEnd(), rows)
  },
}

function filterFrom(written: string): readonly [string, string] {
  const at = written.indexOf('=')
  if (at < 1) throw new UsageError(`"${written}" is no filter: write NAME=VALUE.`)
  return [written.slice(0, at), written.slice(at + 1)]
}
