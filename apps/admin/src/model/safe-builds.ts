import type { AdvisoryProposalView, ClientVersion } from '@drawbridge/contract'

/** Open sessions, by what is known about the builds they run on. They add up to all. */
export interface BuildShares {
  readonly total: number
  /** On a version that can be named, and that no advisory we know of is about. */
  readonly fine: number
  readonly flawed: number
  readonly unknown: number
}

/** How the sessions of today share out. A proposal that was dismissed says that its flaw is none here. */
export function buildShares(
  clients: readonly ClientVersion[],
  proposals: readonly AdvisoryProposalView[],
): BuildShares {
  const flawed = new Set(
    proposals
      .filter(({ state }) => state === 'open' || state === 'accepted')
      .flatMap(({ family, versions }) => versions.map((version) => keyOf(family, version))),
  )
  const shares = { total: 0, fine: 0, flawed: 0, unknown: 0 }
  for (const { family, version, isUnknown, sessions } of clients) {
    shares.total += sessions
    if (family !== undefined && flawed.has(keyOf(family, version))) shares.flawed += sessions
    else shares[isUnknown ? 'unknown' : 'fine'] += sessions
  }
  return shares
}

/** Whether an advisory is about this version of a client, and which. */
export function flawsOf(
  { family, version }: Pick<ClientVersion, 'family' | 'version'>,
  proposals: readonly AdvisoryProposalView[],
): readonly AdvisoryProposalView[] {
  return proposals.filter(
    (proposal) => proposal.state === 'open' && proposal.family === family && proposal.versions.includes(version ?? ''),
  )
}

const keyOf = (family: string, version: string | undefined) => `${family}\n${version ?? ''}`
