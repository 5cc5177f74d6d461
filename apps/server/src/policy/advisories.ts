import {
  BUNDLE_TYPE,
  BundleError,
  CONFIDENCES,
  productMapSchema,
  propose,
  readBundle,
  readFeed,
  readSbom,
  UnknownFeedError,
  withOwn,
} from '@drawbridge/advisories'
import type { Advisory, Component, Feed, Known, ProductMap, Proposal } from '@drawbridge/advisories'
import { IMAGE_FORMATS, Refusal, sentencesOf } from '@drawbridge/contract'
import type { AdvisorySettings, FeedImportResult } from '@drawbridge/contract'
import {
  appendAudit,
  findProposal,
  findSetting,
  listAdvisoriesAbout,
  listClientBuilds,
  listFlawNotes,
  listProposals,
  listUsedVersions,
  noteFeedImport,
  openProposal,
  putClientBuild,
  putSetting,
  storeKnowledge,
  updateProposal,
  uuidv7,
} from '@drawbridge/db'
import type { ClientBuild, Db, StoredProposal } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { z } from 'zod'
import type { Operations } from './operations.ts'
import { isRehearsal, traceless, transact } from './rehearsal.ts'

/** How far back clients count as in use, in milliseconds (control §3.5). */
const IN_USE_MS = 90 * 86_400_000
/** Most advisories about clients here that are looked at together. */
const MAX_ADVISORIES = 20_000
const MAX_PROPOSALS = 10_000
/** Under which the settings are stored, once somebody has set them. */
export const ADVISORIES_KEY = 'advisories'
/** Who acts where an administrator has armed it. */
const ARMED_ACTOR = 'local:advisories'

export interface AdvisoriesOptions {
  readonly db: Db
  readonly operations: Pick<Operations, 'addClientRule'>
  /** Ed25519 public keys, 32 bytes as base64url. */
  readonly feedKeys: readonly string[]
  readonly log: Log
  readonly now: () => Date
}

/** A build to be put on record. */
export interface NewBuild {
  readonly family: string
  readonly version: string
  readonly build?: string | undefined
  readonly sbom: unknown
}

/** What the world says about vulnerable software, matched with the clients in use (control §3.6). */
export interface Advisories {
  /**
   * Imports a file, or a bundle signed by a trusted key, and makes proposals of it.
   *
   * @param isSignedOnly - takes nothing but a bundle: nobody has looked at where it came from.
   * @throws Refusal `feed-unreadable`, `feed-not-trusted`, `feed-outdated`
   */
  import(actor: string, name: string, text: string, isSignedOnly?: boolean): Promise<FeedImportResult>
  /** @throws Refusal `sbom-unreadable` */
  registerBuild(actor: string, build: NewBuild): Promise<ClientBuild>
  settings(): Promise<AdvisorySettings>
  /** Makes proposals anew; returns how many were opened. */
  setSettings(actor: string, settings: AdvisorySettings): Promise<number>
  /** @throws Refusal `no-such-proposal` */
  decide(
    actor: string,
    flaw: string,
    family: string,
    decision: { readonly decision: 'accept' | 'dismiss'; readonly reason: string; readonly rule?: string | undefined },
  ): Promise<StoredProposal>
  /** Compares everything that is known with the clients in use now; returns how many proposals were opened. */
  review(): Promise<number>
}

/** Builds the part that knows advisories. Nothing it does blocks anybody; withholding images must have been armed. */
export function createAdvisories({ db, operations, feedKeys, log, now }: AdvisoriesOptions): Advisories {
  const keys = feedKeys.map((x) => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }))
  const isTrusted = (bytes: Uint8Array, signature: Uint8Array) =>
    keys.some((key) => verify(null, bytes, key, signature))

  /** One after the other: two reviews at once would open each other's proposals. */
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: (on: Db) => Promise<T>): Promise<T> => {
    const run = () => traceless(db, work)
    const turn = last.then(run, run)
    last = turn.catch(() => undefined)
    return turn
  }

  const settingsIn = async (on: Db) => advisorySettingsFrom(await findSetting(on, ADVISORIES_KEY))

  const review = async (on: Db): Promise<number> => {
    const { isDegradeArmed, products: own } = await settingsIn(on)
    const products = withOwn(own)
    const known = await gather(on, products, new Date(now().getTime() - IN_USE_MS))
    const found = propose(await knowledgeAbout(on, known), known, now().getTime())
    const before = new Map((await listProposals(on, MAX_PROPOSALS)).map((row) => [keyOf(row), row]))
    let opened = 0
    for (const proposal of found) {
      const old = before.get(keyOf(proposal))
      before.delete(keyOf(proposal))
      if (!old || isMoreUrgent(proposal, old)) {
        await openProposal(on, { ...keysOf(proposal), document: proposal, foundAt: now() })
        opened++
        const { flaw, family } = proposal
        if (!isRehearsal()) log.warn('an advisory is about clients in use', { flaw, family })
        if (isDegradeArmed && proposal.isDegradeArmable && !old?.ruleId) await withhold(on, proposal)
      } else await updateProposal(on, proposal.flaw, proposal.family, { document: proposal })
    }
    for (const { flaw, family, state } of before.values()) {
      if (state === 'open') await updateProposal(on, flaw, family, { state: 'moot' })
    }
    return opened
  }

  /** What an administrator has armed beforehand: images wait, chat goes on, and somebody decides about the rest. */
  const withhold = async (on: Db, { flaw, family, range, formats }: Proposal) => {
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

  const open = (name: string, text: string, isSignedOnly: boolean) => {
    if (!text.includes(BUNDLE_TYPE)) {
      if (isSignedOnly) throw new Refusal('feed-not-trusted')
      return { sequence: null, files: [{ name, feed: readOne(text) }] }
    }
    try {
      const bundle = readBundle(text, isTrusted)
      return {
        sequence: bundle.sequence,
        files: bundle.files.map((file) => ({ name: file.name, feed: readOne(file.text) })),
      }
    } catch (error) {
      throw error instanceof BundleError ? new Refusal('feed-not-trusted', { detail: error.message }) : error
    }
  }

  return {
    import: (actor, name, text, isSignedOnly = false) =>
      inTurn(async (on) => {
        const { sequence, files } = open(name, text, isSignedOnly)
        const sha256 = createHash('sha256').update(text).digest()
        await on.transaction(async (tx) => {
          const row = { id: uuidv7(), at: now(), by: actor, name, sha256, sequence }
          if (!(await noteFeedImport(tx, row))) throw new Refusal('feed-outdated')
          for (const { feed } of files) await storeKnowledge(tx, rowsOf(feed), actor, now())
          const counts = files.map((file) => `${file.name}: ${file.feed.advisories.length}`).slice(0, 100)
          const detail = { name, sha256: sha256.toString('hex'), sequence, advisories: counts }
          await appendAudit(tx, { actor, action: 'import-advisories', target: name, detail }, now())
        })
        return { isSigned: sequence !== null, files: files.map(resultOf), proposals: await review(on) }
      }),
    registerBuild: (actor, { family, version, build = '', sbom }) =>
      inTurn(async (on) => {
        const row: ClientBuild = {
          family,
          version,
          build,
          components: componentsOf(sbom),
          registeredAt: now(),
          registeredBy: actor,
        }
        const target = `${family} ${version}`
        await on.transaction(async (tx) => {
          await putClientBuild(tx, row)
          await appendAudit(tx, { actor, action: 'register-client-build', target, detail: { build } }, now())
        })
        await review(on)
        return row
      }),
    settings: () => settingsIn(db),
    setSettings: (actor, next) =>
      inTurn(async (on) => {
        await on.transaction(async (tx) => {
          const detail = { before: await settingsIn(tx), after: next }
          await putSetting(tx, ADVISORIES_KEY, next)
          await appendAudit(tx, { actor, action: 'set-advisory-settings', target: 'service', detail }, now())
        })
        return review(on)
      }),
    decide: (actor, flaw, family, { decision, reason, rule }) =>
      transact(db, async (tx) => {
        const found = await findProposal(tx, flaw, family)
        const changed = await updateProposal(tx, flaw, family, {
          state: decision === 'accept' ? 'accepted' : 'dismissed',
          decidedAt: now(),
          decidedBy: actor,
          reason,
          ...(rule === undefined ? {} : { ruleId: rule }),
        })
        if (!found || !changed) throw new Refusal('no-such-proposal')
        const detail = { before: found.state, after: changed.state, reason, rule: rule ?? null }
        await appendAudit(tx, { actor, action: 'decide-proposal', target: `${flaw} ${family}`, detail }, now())
        return changed
      }),
    review: () => inTurn(review),
  }
}

/** What is stored, checked; nothing is armed where nothing is stored. */
export function advisorySettingsFrom(stored: unknown): AdvisorySettings {
  const { isDegradeArmed, products } = (stored ?? {}) as Partial<AdvisorySettings>
  return { isDegradeArmed: isDegradeArmed === true, products: productMapSchema.parse(products ?? {}) }
}

function readOne(text: string): Feed {
  try {
    return readFeed(text)
  } catch (error) {
    throw error instanceof UnknownFeedError ? new Refusal('feed-unreadable', { detail: error.message }) : error
  }
}

function componentsOf(sbom: unknown): readonly Component[] {
  try {
    return readSbom(sbom).components
  } catch (error) {
    const [sentence] = error instanceof z.ZodError ? sentencesOf(error.issues, sbom) : [String(error)]
    throw new Refusal('sbom-unreadable', { detail: sentence?.slice(0, 500) ?? '' })
  }
}

function resultOf({ name, feed }: { readonly name: string; readonly feed: Feed }): FeedImportResult['files'][number] {
  return {
    name,
    kind: feed.kind,
    advisories: feed.advisories.length,
    exploited: feed.exploited.length,
    notAffected: feed.notAffected.length,
    withdrawn: feed.withdrawn.length,
    unread: feed.unread,
  }
}

function rowsOf({ advisories, exploited, notAffected, withdrawn }: Feed) {
  return {
    advisories: advisories.map((advisory) => ({
      id: advisory.id,
      kind: advisory.kind,
      document: advisory,
      identifiers: [...new Set(advisory.products.flatMap(({ identifiers }) => identifiers))],
    })),
    exploited: exploited.map(({ id, since, dueDate }) => ({ id, since, dueDate: dueDate ?? null })),
    denials: notAffected.flatMap(({ id, identifiers }) => identifiers.map((identifier) => ({ id, identifier }))),
    withdrawn,
  }
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

async function knowledgeAbout(db: Db, { builds, products }: Known) {
  const entries = [...Object.values(products.clients), ...Object.values(products.components)]
  const identifiers = new Set([
    ...entries.flatMap((entry) => entry.identifiers),
    ...builds.flatMap(({ components }) => components.flatMap((component) => component.identifiers)),
  ])
  const rows = await listAdvisoriesAbout(db, [...identifiers], MAX_ADVISORIES)
  const { exploited, denials } = await listFlawNotes(db)
  return {
    advisories: rows.map(({ document }) => document as Advisory),
    exploited: exploited.map(({ id, since, dueDate }) => ({ id, since, ...(dueDate === null ? {} : { dueDate }) })),
    notAffected: denials.map(({ id, identifier }) => ({ id, identifiers: [identifier] })),
  }
}

/** Somebody has decided under a milder view of it: ask again. What is moot may have come back. */
function isMoreUrgent(proposal: Proposal, { document, state }: StoredProposal): boolean {
  const old = document as Proposal
  if (state === 'moot') return true
  if (state === 'open') return false
  const isSurer = CONFIDENCES.indexOf(proposal.confidence) < CONFIDENCES.indexOf(old.confidence)
  return isSurer || (proposal.isExploited && !old.isExploited)
}

function keysOf({ flaw, family }: { readonly flaw: string; readonly family: string }) {
  return { flaw, family }
}

function keyOf({ flaw, family }: { readonly flaw: string; readonly family: string }): string {
  return `${flaw} ${family}`
}
