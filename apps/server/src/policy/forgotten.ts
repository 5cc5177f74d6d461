import { appendAudit } from '@drawbridge/db'
import type { Db, Forgotten } from '@drawbridge/db'

/**
 * Puts on record what a name was taken out of: each rule with what it was, since it may be gone. Returns the ids of all
 * that named somebody, for the record of the deletion.
 *
 * @param name - of the account or the unit that is deleted
 */
export async function recordForgotten(
  tx: Db,
  { rules, ...others }: Forgotten,
  { by, name, at }: { readonly by: string; readonly name: string; readonly at: Date },
): Promise<Record<keyof Forgotten, readonly string[]>> {
  for (const { id, rule, isRemoved } of rules) {
    const action = isRemoved ? 'remove-client-rule' : 'change-client-rule'
    const detail = { because: `${name} is deleted`, before: rule }
    await appendAudit(tx, { actor: by, action, target: id, detail }, at)
  }
  for (const id of others.recalls) {
    const detail = { because: `${name} is deleted`, sendersUntil: at.toISOString() }
    await appendAudit(tx, { actor: by, action: 'change-recall', target: id, detail }, at)
  }
  return { ...others, rules: rules.map(({ id }) => id) }
}
