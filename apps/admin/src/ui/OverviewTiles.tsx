import type { AdvisoryProposalView } from '@drawbridge/contract'
import type { ReactNode } from 'react'
import type { BuildShares } from '../model/standing.ts'
import { useTexts } from '../texts/index.ts'
import { formatAge, formatCount, formatShare } from './format.ts'
import type { PageProps } from './Shell.tsx'
import { Tile } from './Tile.tsx'
import type { Resource } from './use-resource.ts'

/** An image that waits longer is late, in milliseconds (control §3.5). */
const LATE_MS = 30_000

/** On which builds people are, and what is said against them. */
export interface Builds {
  readonly shares: BuildShares
  readonly open: readonly AdvisoryProposalView[]
}

/** Sessions, what goes through, and what is held back. Before there are numbers the tiles keep their places. */
export function StatusTiles({
  status: { value },
  now,
  children,
}: PageProps & {
  readonly now: number
  /** The tiles between. */
  readonly children: ReactNode
}) {
  const { t, language } = useTexts()
  const count = (number: number | undefined) => (number === undefined ? '–' : formatCount(number, language))
  const { suspensions = [], held, quarantine, policy, sandbox } = value ?? {}
  const active = suspensions.filter(({ isDrill, state }) => !isDrill && state === 'active').length
  const others = suspensions.length - active
  const ageMs = quarantine?.oldestAt === undefined ? 0 : Math.max(0, now - Date.parse(quarantine.oldestAt))
  const isSandboxWeak = value !== undefined && (!sandbox || sandbox.isWeak)
  return (
    <>
      <Tile
        label={t.tileSessions}
        value={count(value?.sessions)}
        note={value ? t.tileAccounts(count(value.accounts)) : t.loading}
        page="clients"
        search={{ live: 'yes' }}
      />
      {children}
      <Tile
        label={t.tileSuspensions}
        value={count(value && active)}
        note={[
          held === undefined || held.count === 0 ? t.tileNothingHeld : t.tileHeld(count(held.count)),
          ...(others > 0 ? [t.tileOthers(others)] : []),
        ].join(' ')}
        page="emergency"
        tone={active > 0 ? 'warning' : undefined}
      />
      <Tile
        label={t.tileQueue}
        value={count(quarantine?.count)}
        note={[
          !quarantine || quarantine.count === 0 ? t.tileQueueEmpty : t.tileQueueAge(formatAge(ageMs, language)),
          value === undefined ? '' : sandbox ? t.tileLevel(sandbox.level) : t.tileNoAnswer,
        ].join(' ')}
        tone={isSandboxWeak ? 'danger' : ageMs > LATE_MS ? 'warning' : undefined}
      />
      <Tile
        label={t.tileRules}
        value={count(policy?.clientRules)}
        note={policy ? (policy.isStale ? t.tileStale : t.tileEpoch(count(policy.epoch))) : t.loading}
        page="clients"
        search={{ view: 'rules' }}
        tone={policy?.isStale ? 'danger' : undefined}
      />
    </>
  )
}

/** Who is on a safe build, and what advisories wait. */
export function BuildTiles({
  builds: { value },
  sessions,
}: {
  readonly builds: Resource<Builds>
  /** Open now; undefined as long as nobody knows. */
  readonly sessions: number | undefined
}) {
  const { t, language } = useTexts()
  const count = (number: number) => formatCount(number, language)
  const { total = 0, fine = 0, flawed = 0, unknown = 0 } = value?.shares ?? {}
  const open = value?.open ?? []
  return (
    <>
      <Tile
        label={t.tileBuilds}
        value={!value ? '–' : total === 0 || sessions === 0 ? t.tileNobody : formatShare(fine / total, language)}
        note={value ? t.tileBuildsNote(count(flawed), count(unknown)) : t.loading}
        page="clients"
        search={flawed > 0 ? { risk: 'flawed' } : unknown > 0 ? { risk: 'unknown' } : {}}
        tone={flawed > 0 ? 'warning' : undefined}
      />
      <Tile
        label={t.tileAdvisories}
        value={value ? count(open.length) : '–'}
        note={value ? t.tileExploited(open.filter(({ isExploited }) => isExploited).length) : t.loading}
        page="clients"
        search={{ view: 'advisories' }}
        tone={open.length > 0 ? 'warning' : undefined}
      />
    </>
  )
}
