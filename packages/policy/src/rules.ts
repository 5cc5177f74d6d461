import type { Policy, Rule, RuleName } from './engine.ts'
import { compileClientRules } from './match.ts'
import { clientUnknown, clientVersion } from './rule-client.ts'
import { federationOff } from './rule-federation.ts'
import { recall } from './rule-recall.ts'
import { suspension } from './rule-suspension.ts'
import { policySettings } from './settings.ts'
import type { PolicySettings, PolicySettingsInput } from './settings.ts'

type Entry = Policy[number]

/**
 * THE order of the rules. Versions first, so that a blocked client learns what to do about it rather than that the
 * service is suspended. Federation before suspension: what can never leave must not be held for later.
 */
const RULES: Readonly<Record<RuleName, (settings: PolicySettings) => readonly Entry[]>> = {
  'client-version': ({ clientRules, exceptions }) => {
    if (clientRules.length === 0) return []
    const find = compileClientRules(clientRules, exceptions)
    return [enforce(clientVersion(find, 'block')), observe(clientVersion(find, 'observe'))]
  },
  'client-unknown': (settings) => {
    const everybody = clientUnknown(settings, 'everybody')
    if (settings.posture === 'enforce') return [enforce(everybody)]
    const isAnyProtected = Object.keys(settings.minimumTiers).length > 0
    return [...(isAnyProtected ? [enforce(clientUnknown(settings, 'protected'))] : []), observe(everybody)]
  },
  federation: ({ federation }) => (federation === 'off' ? [enforce(federationOff())] : []),
  recall: ({ recalls }) => (recalls.length === 0 ? [] : [enforce(recall(recalls))]),
  suspension: ({ suspensions }) => {
    if (suspensions.length === 0) return []
    const drills = suspensions.filter(({ isDrill }) => isDrill)
    const real = suspensions.filter(({ isDrill }) => !isDrill)
    // First, since nothing is asked after a refusal.
    return [...drills.map((drill) => observe(suspension([drill]))), enforce(suspension(real))]
  },
}

/**
 * Compiles settings into rules. Throws when the settings are not valid: whoever loads them keeps what is in force and
 * fails closed when that gets old.
 */
export function compile(input: PolicySettingsInput): Policy {
  const settings = policySettings.parse(input)
  return Object.entries(RULES).flatMap(([name, entries]) => {
    const mode = settings.modes[name as RuleName] ?? 'enforce'
    if (mode === 'off') return []
    return entries(settings).map((entry) => (mode === 'observe' ? observe(entry.rule) : entry))
  })
}

function enforce(rule: Rule): Entry {
  return { rule, mode: 'enforce' }
}

function observe(rule: Rule): Entry {
  return { rule, mode: 'observe' }
}
