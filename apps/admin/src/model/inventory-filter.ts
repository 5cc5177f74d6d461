import type { AdvisoryProposalView, ClientVersion } from '@drawbridge/contract'
import { flawsOf } from './safe-builds.ts'

/** What is known against a version in use, the worst first. */
export const RISKS = ['flawed', 'unknown', 'fine'] as const
export type Risk = (typeof RISKS)[number]

/** Which rows of the inventory are shown; empty: all. */
export interface InventoryFilter {
  /** Part of the name of a family or a version. */
  readonly text: string
  readonly risk: Risk | ''
  /** Only what somebody is signed in with now. */
  readonly isLive: boolean
}

export function riskOf(client: ClientVersion, proposals: readonly AdvisoryProposalView[]): Risk {
  if (flawsOf(client, proposals).length > 0) return 'flawed'
  return client.isUnknown ? 'unknown' : 'fine'
}

/** The rows that fit, in their order. */
export function filterInventory(
  clients: readonly ClientVersion[],
  proposals: readonly AdvisoryProposalView[],
  { text, risk, isLive }: InventoryFilter,
): ClientVersion[] {
  const wanted = text.trim().toLowerCase()
  return clients.filter(
    (client) =>
      `${client.family ?? ''} ${client.version ?? ''}`.toLowerCase().includes(wanted) &&
      (risk === '' || riskOf(client, proposals) === risk) &&
      (!isLive || client.sessions > 0),
  )
}
