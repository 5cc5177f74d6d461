import { ADMIN_ROUTES } from '@drawbridge/contract'
import type { AdminRoute } from '@drawbridge/contract'
import { GUARDED_ACTIONS } from '@drawbridge/policy'
import type { GuardedAction } from '@drawbridge/policy'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('..', import.meta.url))

/** What a route can do by the two-person rule, and what of `guarded` its handler asks. */
interface Asking {
  readonly takes: readonly GuardedAction[]
  readonly asks: string
}

/** It lets nobody out of anything, or keeps more people out. */
const NOTHING = 'nothing'
/** Anybody may see that it is gone, or that less is asked for: it is no hole in what goes on. */
const WHOLE_RULE = 'a rule, a tier or a posture as a whole'
/** Whoever gives roles can be any two people. */
const ROLES = 'roles'

/** THE table: what each change over the admin API can do to suspensions and lock-outs. A new route needs a row here. */
const CHANGES: Readonly<Record<string, Asking | typeof NOTHING | typeof WHOLE_RULE | typeof ROLES>> = {
  startSuspension: { takes: ['start'], asks: 'guarded.start(' },
  startPlaybook: { takes: ['start', 'spare'], asks: 'guarded.startPlaybook(' },
  extendSuspension: { takes: ['extend'], asks: 'guarded.extend(' },
  exemptSuspension: { takes: ['exempt'], asks: 'guarded.exempt(' },
  endSuspension: { takes: ['end'], asks: 'guarded.end(' },
  releaseHeldMessages: { takes: ['settle'], asks: 'settle(' },
  discardHeldMessages: { takes: ['settle'], asks: 'settle(' },
  reviewSuspension: { takes: [], asks: 'guarded.review(' },
  approveRequest: { takes: [], asks: 'guarded.approve(' },
  refuseRequest: { takes: [], asks: 'guarded.refuse(' },
  addClientRule: { takes: ['spare'], asks: 'guarded.addRule(' },
  addClientException: { takes: ['spare'], asks: 'guarded.addException(' },
  applyPolicy: { takes: ['spare'], asks: 'guarded.checkRules(' },
  guardClientRule: { takes: ['unguard'], asks: 'guarded.guardRule(' },
  createOfflineToken: { takes: ['paper'], asks: 'guarded.handlePaper(' },
  useOfflineToken: { takes: ['paper'], asks: 'guarded.handlePaper(' },
  deleteUnit: { takes: ['end', 'spare'], asks: 'regroup(' },
  addUnitMembers: { takes: ['exempt', 'spare'], asks: 'regroup(' },
  removeUnitMember: { takes: ['end', 'spare'], asks: 'regroup(' },
  removeClientRule: WHOLE_RULE,
  holdClientRule: WHOLE_RULE,
  setClientPosture: WHOLE_RULE,
  setUnitMinimumTier: WHOLE_RULE,
  setMediaPolicy: WHOLE_RULE,
  setUnitMediaPolicy: WHOLE_RULE,
  endRecall: WHOLE_RULE,
  setBreakGlass: ROLES,
  setRoles: ROLES,
  ...Object.fromEntries(
    [
      // Accounts and what they are called: what is about them by name is about the account.
      ...['createAccount', 'importAccounts', 'disableAccount', 'enableAccount', 'deleteAccount', 'setIdentity'],
      ...['setPassword', 'resetSecondFactor', 'endSessions', 'setDisplayName', 'createInvitation', 'revokeInvitation'],
      // Units without members, and how they are shown.
      ...['createUnit', 'changeUnit'],
      // Stricter, or tried out, or what was stricter already.
      ...['confirmUnitMinimumTier', 'confirmClientRule', 'confirmClientPosture', 'releaseClientRule', 'startRecall'],
      ...['simulateClientRule', 'simulateClientPosture', 'simulateUnitMinimumTier', 'removeClientException'],
      ...['importDeviceKeys', 'revokeDeviceKey'],
      // It waits until somebody starts or decides it.
      ...['putPlaybook', 'deletePlaybook', 'importAdvisories', 'decideProposal', 'setAdvisorySettings'],
      ...['registerClientBuild', 'setStandingMessage', 'deleteStandingMessage'],
      ...['requestEvidence', 'approveEvidence', 'renewFiles', 'startImageRenewal', 'stopImageRenewal'],
    ].map((id) => [id, NOTHING] as const),
  ),
}

const sources = globSync('**/*.ts', { cwd: SRC })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => ({ file, text: readFileSync(`${SRC}/${file}`, 'utf8') }))

test('control §4.6 every change over the admin API says what it can do to suspensions and lock-outs', () => {
  const own = new Set(['public', 'own-session', 'own-token'])
  const changing = Object.entries<AdminRoute>(ADMIN_ROUTES)
    .filter(([, { method, permission }]) => method !== 'GET' && !own.has(permission))
    .map(([id]) => id)
  expect(Object.keys(CHANGES).toSorted()).toEqual(changing.toSorted())
  const taken = Object.values(CHANGES).flatMap((row) => (typeof row === 'string' ? [] : row.takes))
  expect(new Set(taken)).toEqual(new Set(GUARDED_ACTIONS))
})

test.each(Object.entries(CHANGES).flatMap(([id, row]) => (typeof row === 'string' ? [] : [[id, row.asks] as const])))(
  '%s asks whether one person may do it: %s',
  (id, asks) => {
    const start = new RegExp(String.raw`^ {4}(?:async )?${id}(?::|\()`, 'mu')
    const bodies = sources.flatMap(({ file, text }) => {
      const at = file.startsWith('admin/') ? text.search(start) : -1
      if (at === -1) return []
      const rest = text.slice(at + 1)
      const end = rest.search(/\n {4}(?:async )?\w+(?::|\()|\n {2}\}/u)
      return [text.slice(at, end === -1 ? undefined : at + 1 + end)]
    })
    expect(bodies).toHaveLength(1)
    expect(bodies[0]).toContain(asks)
  },
)

/** Who may do it without asking: whoever asks for others, the clock, and what was told to a node that is alone. */
const DOERS: Readonly<Record<string, readonly string[]>> = {
  'operations.startSuspensions(': ['policy/guarded.ts'],
  'operations.startSuspension(': [],
  'operations.changeSuspension(': ['policy/guarded.ts'],
  'operations.endSuspension(': ['policy/fulfil-request.ts', 'policy/standalone.ts'],
  'operations.addClientException(': ['policy/fulfil-request.ts', 'policy/guarded.ts'],
  // A rule that degrades, by an advisory.
  'operations.addClientRule(': ['policy/fulfil-request.ts', 'policy/guarded.ts', 'policy/review-advisories.ts'],
  'operations.setClientRuleGuarded(': ['policy/fulfil-request.ts', 'policy/guarded.ts'],
  'await addUnitMembers(': ['admin/units.ts'],
  'await removeUnitMembers(': ['admin/units.ts'],
  'await deleteUnit(': ['admin/units.ts'],
}

test.each(Object.entries(DOERS))('%s is called nowhere but where it was asked first', (call, files) => {
  const found = sources.filter(({ text }) => text.includes(call)).map(({ file }) => file)
  expect(found.toSorted()).toEqual(files)
})
