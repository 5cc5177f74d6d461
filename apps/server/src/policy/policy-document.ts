import { playbookDocument, Refusal } from '@drawbridge/contract'
import type { Effect, PolicyDocument } from '@drawbridge/contract'
import {
  deleteClientRule,
  deletePlaybook,
  findSetting,
  findUnit,
  listClientRules,
  listMediaPolicies,
  listPlaybooks,
  putMediaPolicy,
  putPlaybook,
  putSetting,
  uuidv7,
} from '@drawbridge/db'
import type { AuditEntry, Db } from '@drawbridge/db'
import { findShadows, inOrder } from '@drawbridge/policy'
import type { ClientPosture } from '@drawbridge/policy'
import { ADVISORIES_KEY, advisorySettingsFrom } from './advisories.ts'
import { clientPosture, readPosture, SERVICE } from './client-posture.ts'
import { settingFrom, writeClientRule } from './client-rules.ts'
import type { Change } from './client-rules.ts'
import { minimumTier, readMinimumTiers } from './minimum-tiers.ts'
import { diffPolicy } from './policy-diff.ts'
import type { PolicyStep, PresentPolicy } from './policy-diff.ts'
import { writeProvisional } from './provisional.ts'
import { mediaSettingsFrom, ruleDocumentFrom } from './stored-rules.ts'

/** How a document is applied. */
export interface Applying {
  /** Rules that keep others from ever deciding are meant to. */
  readonly isShadowAccepted?: boolean | undefined
  /** What was simulated before, for the record. */
  readonly simulation?: unknown
}

/** The policy as one document. */
export interface DocumentOperations {
  readPolicy(): Promise<PresentPolicy>
  /**
   * Makes the policy what the document says: all of it in one change, or nothing. Without an effect where nothing is to
   * change.
   *
   * @throws Refusal `no-such-unit`, `rule-shadowed`
   */
  applyPolicy(
    actor: string,
    document: PolicyDocument,
    how?: Applying,
  ): Promise<{ readonly steps: readonly PolicyStep[]; readonly effect?: Effect }>
}

export interface DocumentOptions {
  readonly db: Db
  readonly change: Change
  readonly now: () => Date
  /** The posture in force where nobody has set one. */
  readonly posture: () => ClientPosture
  readonly record: (tx: Db, entry: AuditEntry) => Promise<unknown>
}

/** Builds the operations. See `createOperations`, which runs them one at a time. */
export function createDocumentOperations(options: DocumentOptions): DocumentOperations {
  const { db, change, now, posture, record } = options
  const read = (tx: Db) => presentPolicy(tx, posture())
  return {
    readPolicy: () => db.transaction(read, { isolationLevel: 'repeatable read', accessMode: 'read only' }),
    async applyPolicy(actor, document, { isShadowAccepted = false, simulation = null } = {}) {
      // An epoch costs every node a look at all rules: none for a document that changes nothing.
      if (diffPolicy(document, await read(db)).length === 0) return { steps: [] }
      const { result, effect } = await change(async (tx) => {
        const steps = diffPolicy(document, await read(tx))
        const before = (await listClientRules(tx)).map(settingFrom)
        for (const step of steps) {
          await record(tx, await take(tx, step, { actor, simulation, posture: posture(), at: now() }))
        }
        const known = new Set(before.map(({ id }) => id))
        const hidden = new Set(findShadows(before).map(({ rule }) => rule))
        const shadows = findShadows((await listClientRules(tx)).map(settingFrom)).filter(
          ({ rule, isWeaker }) => !hidden.has(rule) && (!known.has(rule) || isWeaker),
        )
        if (shadows.length > 0 && !isShadowAccepted) {
          throw new Refusal('rule-shadowed', { detail: shadows.map(({ rule, by }) => `${rule} by ${by}`).join(', ') })
        }
        const detail = { sections: Object.keys(document).filter((key) => key !== 'version'), steps: steps.length }
        return { result: steps, entry: { actor, action: 'apply-policy-document', target: 'service', detail } }
      })
      return { steps: result, effect }
    },
  }
}

async function presentPolicy(tx: Db, posture: ClientPosture): Promise<PresentPolicy> {
  const rules = (await listClientRules(tx)).map((row) => ({ row, ...settingFrom(row) }))
  const { service, units } = mediaSettingsFrom(await listMediaPolicies(tx))
  const playbooks = await listPlaybooks(tx)
  return {
    clientPosture: (await readPosture(tx, posture)).value,
    clientRules: inOrder(rules).map(({ id, row }) => ({ id, rule: ruleDocumentFrom(row) })),
    minimumTiers: (await readMinimumTiers(tx)).minimumTiers,
    mediaPolicy: service,
    // An empty one says nothing.
    unitMediaPolicies: Object.fromEntries(Object.entries(units).filter(([, policy]) => Object.keys(policy).length > 0)),
    playbooks: Object.fromEntries(playbooks.map(({ name, playbook }) => [name, playbookDocument.parse(playbook)])),
    advisories: advisorySettingsFrom(await findSetting(tx, ADVISORIES_KEY)),
  }
}

interface Taking {
  readonly actor: string
  readonly simulation: unknown
  /** The posture while nobody has set one. */
  readonly posture: ClientPosture
  readonly at: Date
}

/** Takes one step, and says what goes on record about it. */
async function take(tx: Db, step: PolicyStep, { actor, simulation, posture, at }: Taking): Promise<AuditEntry> {
  const { name, before, after } = step
  const entry = (action: string, target: string): AuditEntry => ({
    actor,
    action,
    target,
    detail: { before: before ?? null, after: after ?? null },
  })
  switch (step.section) {
    case 'clientPosture': {
      const setting = { key: SERVICE, actor, value: step.after ?? posture, simulation, at }
      return (
        await writeProvisional(
          tx,
          clientPosture(() => posture),
          setting,
        )
      ).entry
    }
    case 'clientRules': {
      if (step.after === undefined) {
        await deleteClientRule(tx, name)
        return entry('remove-client-rule', name)
      }
      // Whether it is hidden is known when all are there.
      const rule = { ...step.after, isShadowAccepted: true }
      return entry('add-client-rule', (await writeClientRule(tx, { actor, rule, simulation, at })).id)
    }
    case 'minimumTiers': {
      const setting = { key: name, actor, value: step.after ?? null, simulation, at }
      return (await writeProvisional(tx, minimumTier, setting)).entry
    }
    case 'mediaPolicy':
      await putMediaPolicy(tx, null, { policy: after, changedBy: actor, changedAt: at })
      return entry('set-media-policy', 'service')
    case 'unitMediaPolicies': {
      const unit = await findUnit(tx, name)
      if (!unit) throw new Refusal('no-such-unit', { detail: name })
      await putMediaPolicy(tx, unit.id, { policy: after ?? {}, changedBy: actor, changedAt: at })
      return entry('set-unit-media-policy', name)
    }
    case 'playbooks':
      if (after === undefined) await deletePlaybook(tx, name)
      else await putPlaybook(tx, { id: uuidv7(), name, playbook: after, changedBy: actor, changedAt: at })
      return entry(after === undefined ? 'delete-playbook' : 'put-playbook', name)
    case 'advisories':
      await putSetting(tx, ADVISORIES_KEY, after)
      return entry('set-advisory-settings', 'service')
  }
}
