import {
  BUNDLE_TYPE,
  BundleError,
  keyOf,
  productMapSchema,
  readBundle,
  readFeedInSteps,
  readSbom,
  UnknownFeedError,
} from '@drawbridge/advisories'
import type { Component, Feed } from '@drawbridge/advisories'
import { Refusal, sentencesOf } from '@drawbridge/contract'
import type { AdvisorySettings, FeedImportResult } from '@drawbridge/contract'
import {
  appendAudit,
  findProposal,
  findSetting,
  noteFeedImport,
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
import { breather } from './breather.ts'
import type { Operations } from './operations.ts'
import { traceless, transact } from './rehearsal.ts'
import { reviewAdvisories } from './review-advisories.ts'
import type { ReviewLimits } from './review-advisories.ts'

const ROWS_AT_ONCE = 1_000
/** Under which the settings are stored, once somebody has set them. */
export const ADVISORIES_KEY = 'advisories'

export interface AdvisoriesOptions {
  readonly db: Db
  readonly operations: Pick<Operations, 'addClientRule'>
  /** Ed25519 public keys, 32 bytes as base64url. */
  readonly feedKeys: readonly string[]
  readonly log: Log
  readonly now: () => Date
  /** See `ReviewLimits`. */
  readonly limits?: ReviewLimits
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
export function createAdvisories({ db, operations, feedKeys, log, now, limits }: AdvisoriesOptions): Advisories {
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
  const review = async (on: Db) =>
    reviewAdvisories({ on, operations, log, now, limits, settings: await settingsIn(on) })

  const open = async (name: string, text: string, isSignedOnly: boolean) => {
    const isBundle = text.includes(BUNDLE_TYPE)
    if (!isBundle && isSignedOnly) throw new Refusal('feed-not-trusted')
    const bundle = isBundle ? opened(text) : { sequence: null, files: [{ name, text }] }
    const files: { readonly name: string; readonly feed: Feed }[] = []
    for (const file of bundle.files) files.push({ name: file.name, feed: await readOne(file.text) })
    return { sequence: bundle.sequence, files }
  }

  const opened = (text: string) => {
    try {
      return readBundle(text, isTrusted)
    } catch (error) {
      throw error instanceof BundleError ? new Refusal('feed-not-trusted', { detail: error.message }) : error
    }
  }

  return {
    import: (actor, name, text, isSignedOnly = false) =>
      inTurn(async (on) => {
        const { sequence, files } = await open(name, text, isSignedOnly)
        const sha256 = createHash('sha256').update(text).digest()
        await on.transaction(async (tx) => {
          const row = { id: uuidv7(), at: now(), by: actor, name, sha256, sequence }
          if (!(await noteFeedImport(tx, row))) throw new Refusal('feed-outdated')
          for (const { feed } of files) await store(tx, feed, actor, now())
          const counts = files.map((file) => `${file.name}: ${file.feed.advisories.length}`).slice(0, 100)
          const detail = { name, sha256: sha256.toString('hex'), sequence, advisories: counts }
          await appendAudit(tx, { actor, action: 'import-advisories', target: name, detail }, now())
        })
        const { opened: proposals, leftOut } = await review(on)
        return { isSigned: sequence !== null, files: files.map(resultOf), proposals, leftOut }
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
        return (await review(on)).opened
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
    review: () => inTurn(async (on) => (await review(on)).opened),
  }
}

/** What is stored, checked; nothing is armed where nothing is stored. */
export function advisorySettingsFrom(stored: unknown): AdvisorySettings {
  const { isDegradeArmed, products } = (stored ?? {}) as Partial<AdvisorySettings>
  return { isDegradeArmed: isDegradeArmed === true, products: productMapSchema.parse(products ?? {}) }
}

/** Some at a time: making rows of all of them at once would hold everybody up. */
async function store(tx: Db, feed: Feed, actor: string, at: Date): Promise<void> {
  for (let start = 0; start < feed.advisories.length; start += ROWS_AT_ONCE) {
    const advisories = feed.advisories.slice(start, start + ROWS_AT_ONCE)
    const part = { ...feed, advisories, exploited: [], notAffected: [], withdrawn: [] }
    await storeKnowledge(tx, rowsOf(part), actor, at)
  }
  await storeKnowledge(tx, rowsOf({ ...feed, advisories: [] }), actor, at)
}

async function readOne(text: string): Promise<Feed> {
  const breathe = breather()
  const steps = readFeedInSteps(text)
  try {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value
      await breathe()
    }
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
      identifiers: [...new Set(advisory.products.flatMap(({ identifiers }) => identifiers.map(keyOf)))],
    })),
    exploited: exploited.map(({ id, since, dueDate }) => ({ id, since, dueDate: dueDate ?? null })),
    denials: notAffected.flatMap(({ id, identifiers }) => identifiers.map((identifier) => ({ id, identifier }))),
    withdrawn,
  }
}
