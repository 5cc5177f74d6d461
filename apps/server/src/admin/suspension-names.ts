import { INPUT_FORMATS, Refusal } from '@drawbridge/contract'
import type { NameWarning, NewSuspension, PlaybookDocument } from '@drawbridge/contract'
import { listClientBuilds, listSeenVersions } from '@drawbridge/db'
import { findScope } from '@drawbridge/policy'
import type { ScopeKindName } from '@drawbridge/policy'
import { nearest } from '@drawbridge/runtime'
import type { AdminContext } from './api.ts'

/** How far back a client that was seen is known, in milliseconds. */
const SEEN_MS = 90 * 86_400_000
/** Images that the sanitizer knows and refuses, beside those that it makes new ones of. */
const REFUSED_FORMATS = [
  ...(['apng', 'bmp', 'emf', 'exr', 'heic', 'heif', 'ico', 'jp2', 'jxl', 'psd', 'qoi', 'svg', 'tga', 'tiff'] as const),
]
const FORMATS: readonly string[] = [...INPUT_FORMATS, ...REFUSED_FORMATS]

/** What a suspension names, as it was written. */
export interface Names {
  readonly scopes?: readonly string[] | undefined
  readonly exemptions?: NewSuspension['exemptions']
}

/** What a playbook names, in all of its steps. */
export function namesOfPlaybook({ steps, exemptions }: PlaybookDocument): Names {
  return { scopes: steps.flatMap(({ scopes }) => scopes), exemptions }
}

/** With what is missing named: nothing, where all of it is there. */
type Warned = { readonly warnings?: readonly NameWarning[] }

/** What is not there is refused by this code; clients and networks may come, and are not. */
const CODES = {
  unit: 'no-such-unit',
  account: 'no-such-account',
  room: 'no-such-room',
  format: 'no-such-format',
  client: undefined,
  zone: undefined,
} as const satisfies Record<NameWarning['about'], string | undefined>

/**
 * Refuses what names a unit, an account, a room or a format that does not exist: mistyped, it would suspend nobody and say
 * that it is in force. Clients and networks that nobody was seen with may come to be, and are warned of.
 *
 * @throws Refusal `no-such-unit`, `no-such-account`, `no-such-room`, `no-such-format`, with what was probably meant
 */
export async function checkNames(names: Names, context: AdminContext): Promise<Warned> {
  const warned = await warningsOf(names, context)
  for (const { about, name, near } of warned.warnings ?? []) {
    const code = CODES[about]
    if (code === undefined) continue
    const detail =
      near === undefined ? `It was written as ${name}.` : `It was written as ${name}; did you mean ${near}?`
    throw new Refusal(code, { detail, details: near === undefined ? { name } : { name, near } })
  }
  return warned
}

/** All that is named and is not there, for whoever goes on all the same. */
export async function warningsOf({ scopes = [], exemptions = {} }: Names, context: AdminContext): Promise<Warned> {
  const { units, accounts, rooms } = context
  const of = (kind: ScopeKindName) =>
    scopes.map(findScope).flatMap((scope) => (scope?.kind === kind ? [scope.value] : []))
  const isHere = (room: string) => room.endsWith(`.${context.domain}`) || room.endsWith(`@${context.domain}`)
  const { units: units_ = [], accounts: accounts_ = [], rooms: rooms_ = [] } = exemptions
  const clients = of('client')
  const missing = [
    ...absent('unit', [...of('group'), ...units_], () => Array.from(units.all(), ({ name }) => name)),
    ...absent('account', accounts_, () => Array.from(accounts.all(), ({ localpart }) => localpart)),
    // What is elsewhere cannot be looked up.
    ...absent('room', [...of('room'), ...rooms_].filter(isHere), () => rooms().map(({ address }) => address)),
    ...absent('format', of('format'), () => FORMATS),
    ...(clients.length === 0 ? [] : absent('client', clients, await knownClients(context))),
    ...(await emptyZones(of('zone'), context)),
  ]
  return missing.length === 0 ? {} : { warnings: missing }
}

function absent(
  about: NameWarning['about'],
  names: readonly string[],
  list: () => Iterable<string>,
): readonly NameWarning[] {
  if (names.length === 0) return []
  const known = new Set(list())
  return names.flatMap((name) => {
    if (known.has(name)) return []
    // A third of its letters: a short name is near to everything else.
    const near = nearest(name, known, Math.max(1, Math.floor(name.length / 3)))
    return [{ about, name, ...(near === undefined ? {} : { near }) }]
  })
}

async function knownClients({ db, now }: AdminContext): Promise<() => Iterable<string>> {
  const seen = await listSeenVersions(db, new Date(now().getTime() - SEEN_MS))
  const builds = await listClientBuilds(db)
  return () => [...seen, ...builds].flatMap(({ family }) => family ?? [])
}

async function emptyZones(zones: readonly string[], { policy }: AdminContext): Promise<NameWarning[]> {
  const warnings: NameWarning[] = []
  for (const zone of zones) {
    const { accounts } = await policy.guarded.impactOf([{ scopes: [`zone:${zone}`], mode: 'announce' }])
    if (accounts === 0) warnings.push({ about: 'zone', name: zone })
  }
  return warnings
}
