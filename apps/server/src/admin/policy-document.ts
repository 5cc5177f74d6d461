import { playbookDocument, Refusal } from '@drawbridge/contract'
import type { NameWarning, PolicyDocument } from '@drawbridge/contract'
import { isAtLeast } from '@drawbridge/policy'
import type { ClientPosture } from '@drawbridge/policy'
import { diffPolicy } from '../policy/policy-diff.ts'
import type { PolicyStep } from '../policy/policy-diff.ts'
import type { Actor } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { assertThereIs } from './media-policy.ts'
import { checkedConditions } from './rule-conditions.ts'
import { isProven, prove, simulateChange } from './simulate-rule.ts'
import { checkNames, namesOfPlaybook } from './suspension-names.ts'
import { personOf } from './suspensions.ts'

/** The policy as one document, for those who keep it in Git. */
export function policyDocumentHandlers(context: AdminContext): AdminHandlers<'getPolicy' | 'applyPolicy'> {
  const { advisories, now } = context
  const { guarded, operations } = context.policy
  return {
    async getPolicy() {
      const { clientRules, ...sections } = await operations.readPolicy()
      return { document: { version: 1, ...sections, clientRules: clientRules.map(({ rule }) => rule) } }
    },
    async applyPolicy(request) {
      const { document: written, isShadowAccepted, simulation: proof } = request.body
      const { clientRules } = written
      const document = {
        ...written,
        ...(clientRules && { clientRules: clientRules.map((rule) => checkedConditions(context, rule)) }),
      }
      const actor = actorOf(request)
      for (const policy of [document.mediaPolicy, ...Object.values(document.unitMediaPolicies ?? {})]) {
        if (policy) assertThereIs(policy)
      }
      const warned = await checkPlaybooks(context, document)
      const steps = diffPolicy(document, await operations.readPolicy())
      guarded.checkRules(personOf(actor), rulesIn(steps))
      const simulation = await simulated(context, document, steps, actor)
      if (simulation && !request.isDryRun && !isProven(context, actor, document, proof))
        throw new Refusal('not-simulated')
      const applied = await operations.applyPolicy(actor.name, document, { isShadowAccepted, simulation })
      if (!request.isDryRun && applied.steps.some(({ section }) => section === 'advisories')) await advisories.review()
      return {
        steps: applied.steps.map(({ section, change, name, before, after }) => ({
          section,
          change,
          name,
          before,
          after,
        })),
        ...(applied.effect && { effect: applied.effect }),
        ...warned,
        ...(request.isDryRun && simulation && { simulation: prove(context, actor, document, now()) }),
      }
    },
  }
}

/**
 * The names in playbooks that are new or other than before, as one by one. Those that stay as they are were looked at when
 * they were written: what they name may be gone, and an unrelated change must not fail for that.
 *
 * @throws Refusal as `checkNames`
 */
async function checkPlaybooks(context: AdminContext, document: PolicyDocument) {
  const steps = diffPolicy(
    { version: document.version, playbooks: document.playbooks },
    await context.policy.operations.readPolicy(),
  )
  const warnings: NameWarning[] = []
  for (const step of steps) {
    if (step.section !== 'playbooks' || step.after === undefined) continue
    const names = namesOfPlaybook(playbookDocument.parse(step.after))
    warnings.push(...((await checkNames(names, context)).warnings ?? []))
  }
  return warnings.length === 0 ? {} : { warnings }
}

/**
 * What the rules of a document that block, and its posture, would do together; undefined where there is nothing to ask. The local socket
 * cannot be locked out, and whoever uses it may be in a hurry.
 *
 * @throws Refusal `self-lock-out`
 */
async function simulated(context: AdminContext, document: PolicyDocument, steps: readonly PolicyStep[], actor: Actor) {
  if (actor.kind === 'local') return undefined
  const rules = rulesIn(steps)
  const posture = steps.find(({ section }) => section === 'clientPosture')?.after as ClientPosture | undefined
  const { minimumTiers } = steps.some(({ section }) => section === 'minimumTiers') ? document : {}
  if (posture !== 'enforce' && !minimumTiers && !rules.some(({ action }) => isAtLeast(action, 'block')))
    return undefined
  const { affected: _, ...simulation } = await simulateChange(context, { rules, posture, minimumTiers }, actor)
  if (simulation.isSelfLockOut) throw new Refusal('self-lock-out')
  return simulation
}

/** Rules that a document adds. */
function rulesIn(steps: readonly PolicyStep[]) {
  return steps.flatMap((step) => (step.section === 'clientRules' && step.after ? [step.after] : []))
}
