import type { ClientVersion, QueryOf } from '@drawbridge/contract'

/** What is known against a version in use, the worst first. */
export const STANDINGS = ['flawed', 'unknown', 'fine'] as const
export type Standing = (typeof STANDINGS)[number]

/** As the server has it: it filters by this. */
export function standingOf({ flaws, isUnknown }: Pick<ClientVersion, 'flaws' | 'isUnknown'>): Standing {
  if (flaws.length > 0) return 'flawed'
  return isUnknown ? 'unknown' : 'fine'
}

/** Which rows of the inventory are shown; empty: all. */
export interface InventoryFilter {
  /** Part of the name of a family or a version. */
  readonly text: string
  readonly standing: Standing | ''
  /** Only what somebody is signed in with now. */
  readonly isLive: boolean
}

/** What is asked of the server. */
export function queryOf({ text, standing, isLive }: InventoryFilter): Partial<QueryOf<'listClientVersions'>> {
  return {
    days: 90,
    ...(text.trim() !== '' && { text: text.trim() }),
    ...(standing !== '' && { standing }),
    ...(isLive && { live: 'true' }),
  }
}

/** Open sessions, by what is known about the builds they run on. They add up to `total`. */
export type BuildShares = Readonly<Record<Standing | 'total', number>>

/** How the sessions of now share out. */
export function buildShares(clients: readonly Pick<ClientVersion, 'flaws' | 'isUnknown' | 'sessions'>[]): BuildShares {
  const shares = { total: 0, fine: 0, flawed: 0, unknown: 0 }
  for (const client of clients) {
    shares.total += client.sessions
    shares[standingOf(client)] += client.sessions
  }
  return shares
}
