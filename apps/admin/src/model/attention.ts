import type { AdvisoryProposalView, ApprovalRequestView, ClientRuleView, Status } from '@drawbridge/contract'

/** Something that waits for a person, and the page where it is dealt with. */
export interface Attention {
  readonly kind: 'stale' | 'check' | 'confirm' | 'approval' | 'review' | 'held' | 'queue' | 'exploited'
  /** What it is about, as the page names it. */
  readonly subject: string
  readonly page: 'overview' | 'clients' | 'emergency'
  readonly view?: 'rules' | 'advisories'
}

/** An image that waits longer than this does so because something is wrong, in milliseconds (control §3.5). */
const SLOW_MS = 30_000
const DAY_MS = 86_400_000
const MOST = 7

/** What waits for somebody, the most urgent first. */
export function attentionOf(
  {
    policy,
    checks,
    suspensions,
    held,
    quarantine,
  }: Pick<Status, 'policy' | 'checks' | 'suspensions' | 'held' | 'quarantine'>,
  {
    rules = [],
    requests = [],
    proposals = [],
  }: {
    readonly rules?: readonly Pick<ClientRuleView, 'confirmBy' | 'family'>[] | undefined
    readonly requests?: readonly Pick<ApprovalRequestView, 'requestedBy'>[] | undefined
    readonly proposals?: readonly Pick<AdvisoryProposalView, 'flaw' | 'state' | 'isExploited'>[] | undefined
  },
  now: number,
): Attention[] {
  const isPast = (at: string | undefined) => at !== undefined && Date.parse(at) <= now
  const due = suspensions.filter(
    ({ reviewAt, reviewDueAt, reviewedAt, isDrill }) =>
      !isDrill && (isPast(reviewAt) || (reviewDueAt !== undefined && reviewedAt === undefined)),
  )
  // One flaw is one thing to know, however many clients have it.
  const exploited = new Set(
    proposals.filter(({ state, isExploited }) => state === 'open' && isExploited).map(({ flaw }) => flaw),
  )
  const running = suspensions.some(({ isDrill, state }) => !isDrill && state === 'active')
  const all: readonly Attention[] = [
    ...(policy.isStale ? [{ kind: 'stale', subject: '', page: 'overview' } as const] : []),
    ...rules
      .filter(({ confirmBy }) => confirmBy !== undefined && !isPast(confirmBy) && Date.parse(confirmBy) - now < DAY_MS)
      .map(({ family }) => ({ kind: 'confirm', subject: family, page: 'clients', view: 'rules' }) as const),
    ...requests.map(({ requestedBy }) => ({ kind: 'approval', subject: requestedBy, page: 'emergency' }) as const),
    ...due.map(({ scopes }) => ({ kind: 'review', subject: scopes.join(', '), page: 'emergency' }) as const),
    ...checks
      .filter(({ isOk }) => !isOk)
      .map(({ name }) => ({ kind: 'check', subject: name, page: 'overview' }) as const),
    ...(quarantine.oldestAt !== undefined && now - Date.parse(quarantine.oldestAt) > SLOW_MS
      ? [{ kind: 'queue', subject: String(quarantine.count), page: 'overview' } as const]
      : []),
    ...(held.count > 0 && !running ? [{ kind: 'held', subject: String(held.count), page: 'emergency' } as const] : []),
    ...[...exploited].map(
      (flaw) => ({ kind: 'exploited', subject: flaw, page: 'clients', view: 'advisories' }) as const,
    ),
  ]
  return all.slice(0, MOST)
}
