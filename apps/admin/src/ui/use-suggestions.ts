import { IMAGE_FORMATS } from '@drawbridge/contract/browser'
import type { GrantedPermission } from '@drawbridge/contract'
import { useDeferredValue } from 'react'
import { useMay } from '../api/console.ts'
import type { Call } from '../api/call.ts'
import { useResource } from './use-resource.ts'

/** What a field can name, and the server can look for. */
export type SuggestedKind = 'account' | 'unit' | 'room' | 'family' | 'format'

/** Something to choose, by its name, and what tells it apart from its neighbors. */
export interface Suggestion {
  readonly name: string
  readonly note?: string | undefined
}

/** So many are shown: whoever sees none of what they look for types more of it. */
const MOST = 12

interface Source {
  readonly permission: GrantedPermission
  find(call: Call, text: string | undefined, signal: AbortSignal): Promise<readonly Suggestion[]>
}

const SOURCES: Readonly<Record<SuggestedKind, Source>> = {
  account: {
    permission: 'account.read',
    async find(call, text, signal) {
      const { accounts } = await call('listAccounts', { query: { limit: MOST + 1, text }, signal })
      return accounts.map(({ name, displayName }) => ({ name, note: displayName }))
    },
  },
  unit: {
    permission: 'unit.read',
    async find(call, text, signal) {
      const { units } = await call('listUnits', { query: { limit: MOST + 1, text }, signal })
      return units.map(({ name, displayName, members }) => ({ name, note: `${displayName} · ${members}` }))
    },
  },
  room: {
    permission: 'policy.read',
    async find(call, text, signal) {
      const { rooms } = await call('listRooms', { query: { limit: MOST + 1, text }, signal })
      return rooms.map(({ address, name }) => ({ name: address, note: name }))
    },
  },
  family: {
    permission: 'session.read',
    async find(call, text, signal) {
      const { clients } = await call('listClientVersions', { query: { days: 90, text }, signal })
      const families = Map.groupBy(clients, ({ family = '' }) => family)
      families.delete('')
      return Array.from(families.keys(), (name) => ({ name }))
    },
  },
  format: {
    permission: 'policy.read',
    find: (_call, text = '') =>
      Promise.resolve(IMAGE_FORMATS.filter((name) => name.includes(text.toLowerCase())).map((name) => ({ name }))),
  },
}

/** What there is of a kind with a text in its name, as far as whoever asks may see it; nothing until it is asked for. */
export function useSuggestions(kind: SuggestedKind | undefined, text: string, isOpen: boolean) {
  // Typing goes before looking up: keys that follow each other ask once.
  const wanted = useDeferredValue(text.trim())
  const may = useMay(SOURCES[kind ?? 'room'].permission)
  const found = useResource<readonly Suggestion[]>(
    `suggestions ${kind} ${wanted}`,
    (call, signal) => (kind ? SOURCES[kind].find(call, wanted || undefined, signal) : Promise.resolve([])),
    { isOn: isOpen && may && kind !== undefined },
  )
  const all = found.value ?? []
  return { options: all.slice(0, MOST), isCut: all.length > MOST, isLoading: found.isLoading }
}
