import { mergeMediaPolicy } from '@drawbridge/policy'
import type { MediaPolicy, MediaSettings, UnitMediaPolicy } from '@drawbridge/policy'
import type { Unit, Units } from '../routing/units.ts'
import type { Gate } from './gate.ts'

/**
 * The media policy in force for an account, from memory; for nobody, a remote sender for instance, that of the service.
 * It is part of the policy's snapshot: after a change, the next question has the new answer, on every node.
 */
export type AskMediaPolicy = (account?: { readonly bareJid: string }) => MediaPolicy

/** Answers for the accounts of these units by the rules of this gate. */
export function createMediaPolicy(gate: Gate, units: Pick<Units, 'of'>): AskMediaPolicy {
  // Units and settings are replaced and never changed: what was merged of both stays right for as long as they live.
  let merged = new WeakMap<readonly Unit[], MediaPolicy>()
  let settings: MediaSettings | undefined
  return (account) => {
    const { media } = gate.settings
    if (media !== settings) {
      settings = media
      merged = new WeakMap()
    }
    if (!account) return media.service
    const of = units.of(account.bareJid)
    if (of.length === 0) return media.service
    const known = merged.get(of)
    if (known) return known
    const answer = mergeMediaPolicy(media.service, policiesOf(of, media))
    merged.set(of, answer)
    return answer
  }
}

/** What these units say otherwise than the service. */
export function policiesOf(units: readonly Unit[], media: MediaSettings): UnitMediaPolicy[] {
  return units.flatMap(({ name }) => (Object.hasOwn(media.units, name) ? [media.units[name]!] : []))
}
