import { CONFIDENCES, createProposals, keysOfKnown, withOwn } from '@drawbridge/advisories'
import type { Advisory, Component, Known, ProductMap, Proposal } from '@drawbridge/advisories'
import { IMAGE_FORMATS } from '@drawbridge/contract'
import type { AdvisorySettings } from '@drawbridge/contract'
import {
  findProposals,
  listAdvisoriesOf,
  listAdvisoryIdsAbout,
  listClientBuilds,
  listFlawNotes,
  listOpenProposals,
  listUsedVersions,
  mootProposals,
  openProposals,
  updateProposal,
  updateProposals,
} from '@drawbridge/db'
import type { Db, StoredProposal } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { isDeepStrictEqual } from 'node:util'
import { breather } from './breather.ts'
import type { Operations } from './operations.ts'
import { isRehearsal } from './rehearsal.ts'

/** How far back clients count as in use, in milliseconds (control §3.5). */
const IN_USE_MS = 90 * 86_400_000
/** Advisories that are fetched together. */
const CHUNK = 250
/** Proposals that are logged one by one; of the others the number. */
const MAX_LOGGED = 20
/** Who acts where an administrator has armed it. */
const ARMED_ACTOR = 'local:advisories'

/** What one review looks at, at most; what is used in attacks goes first. */
export interface ReviewLimits {
  readonly advisories: number
  readonly proposals: number
}
const LIMITS: ReviewLimits = { advisories: 100_000, proposals: 10_000 }

export interface ReviewOptions {
  readonly on: Db
  readonly operations: Pick<Operations, 'addClientRule'>
  readonly settings: AdvisorySettings
  readonly log: Log
  readonly now: () => Date
  readonly limits?: ReviewLimits | undefined
}

export interface ReviewOutcome {
  readonly opened: number
  /** Advisories about clients here, and matches of them, that there are too many of. */
  readonly leftOut: number
}

/** Compares everything that is known with the clients in use now, and opens, updates and closes proposals by it. */
export async function reviewAdvisories({
  on,
  log,
  limits = LIMITS,
  ...options
}: ReviewOptions): Promise<ReviewOutcome> {
  const { settings, operations, now } = options
  const known = await gather(on, withOwn(settings.products), new Date(now().getTime() - IN_USE_MS))
  const { all, wasLookedAt, leftOut } = await proposalsFor(on, known, now().getTime(), limits)
  const before = new Map((await findProposals(on, all)).map((row) => [keyOf(row), row]))
  const isNew = (proposal: Proposal) => isMoreUrgent(proposal, before.get(keyOf(proposal)))
  const opened = all.filter(isNew)
  await openProposals(
    on,
    opened.map((document) => ({ ...rowOf(document), foundAt: now() })),
  )
  const breathe = breather()
  const changed: Proposal[] = []
  for (const one of all) {
    if (!isNew(one) && isChanged(one, before.get(keyOf(one)))) changed.push(one)
    await breathe()
  }
  await updateProposals(on, changed.map(rowOf))

  const found = new Set(all.map(keyOf))
  const gone = (await listOpenProposals(on)).filter((row) => !found.has(keyOf(row)))
  // What was not looked at may still be true.
  await mootProposals(
    on,
    gone.filter(({ advisories }) => advisories.every(wasLookedAt)),
  )

  if (!isRehearsal()) report(log, opened, leftOut)
  const armed = settings.isDegradeArmed ? opened.filter(({ isDegradeArmable }) => isDegradeArmable) : []
  for (const proposal of armed) if (!before.get(keyOf(proposal))?.ruleId) await withhold(on, operations, proposal)
  return { opened: opened.length, leftOut }
}

async function proposalsFor(on: Db, known: Known, at: number, limits: ReviewLimits) {
  const { exploited, denials } = await listFlawNotes(on)
  const notes = {
    exploited: exploited.map(({ id, since, dueDate }) => ({ id, since, ...(dueDate === null ? {} : { dueDate }) })),
    notAffected: denials.map(({ id, identifier }) => ({ id, identifiers: [identifier] })),
  }
  const proposals = createProposals(notes, known, at, limits.proposals)
  const about = await listAdvisoryIdsAbout(on, keysOfKnown(known), limits.advisories)
  const ids = about.map(({ id }) => id)
  const breathe = breather()
  for (let start = 0; start < ids.length; start += CHUNK) {
    for (const { document } of await listAdvisoriesOf(on, ids.slice(start, start + CHUNK))) {
      proposals.take(document as Advisory)
      await breathe()
    }
  }
  const unread = (about[0]?.total ?? 0) - ids.length
  const read = new Set(ids)
  const wasLookedAt = (id: string) => proposals.leftOut === 0 && (unread === 0 || read.has(id))
  return { all: proposals.all(), wasLookedAt, leftOut: unread + proposals.leftOut }
}

/** What an administrator has armed beforehand: images wait, chat goes on, and somebody decides about the rest. */
async function withhold(
  on: Db,
  operations: ReviewOptions['operations'],
  { flaw, family, range, formats }: Proposal,
): Promise<void> {
  const { rule } = await operations.addClientRule(ARMED_ACTOR, {
    family,
    ...range,
    action: 'degrade',
    preset: 'now',
    formats: IMAGE_FORMATS.filter((format) => formats.includes(format)),
    isShadowAccepted: true,
  })
  await updateProposal(on, flaw, family, { ruleId: rule.id })
}

function report(log: Log, opened: readonly Proposal[], leftOut: number): void {
  for (const { flaw, family } of opened.slice(0, MAX_LOGGED)) {
    log.warn('an advisory is about clients in use', { flaw, family })
  }
  if (opened.length > MAX_LOGGED) log.warn('advisories are about clients in use', { proposals: opened.length })
  if (leftOut > 0) log.warn('there are too many advisories about clients in use to look at all of them', { leftOut })
}

/** The clients in use, and what their builds are made of. */
async function gather(db: Db, products: ProductMap, since: Date): Promise<Known> {
  const used = (await listUsedVersions(db, since)).filter(({ family }) => family !== null)
  const clients = [...Map.groupBy(used, ({ family }) => family ?? '')].map(([family, rows]) => ({
    family,
    versions: rows.map(({ version }) => version ?? undefined),
  }))
  const builds = (await listClientBuilds(db)).map(({ family, version, components }) => ({
    family,
    version,
    components: components as readonly Component[],
  }))
  return { clients, builds, products }
}

/** Nobody has seen it, or somebody has decided under a milder view of it: ask again. What is moot may have come back. */
function isMoreUrgent(proposal: Proposal, stored: StoredProposal | undefined): boolean {
  if (!stored || stored.state === 'moot') return true
  if (stored.state === 'open') return false
  const old = stored.document as Proposal
  const isSurer = CONFIDENCES.indexOf(proposal.confidence) < CONFIDENCES.indexOf(old.confidence)
  return isSurer || (proposal.isExploited && !old.isExploited)
}

/** As it would be stored: JSON knows no `undefined`. */
function isChanged(proposal: Proposal, stored: StoredProposal | undefined): boolean {
  return !isDeepStrictEqual(JSON.parse(JSON.stringify(proposal)), stored?.document)
}

function rowOf(document: Proposal) {
  return { flaw: document.flaw, family: document.family, document }
}

function keyOf({ flaw, family }: { readonly flaw: string; readonly family: string }): string {
  return `${flaw} ${family}`
}
