import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimFrom, identify, NO_IDENTITY } from './client.ts'
import type { ClientIdentity } from './client.ts'
import { decide, liveEffect } from './engine.ts'
import { confirmByOf, isAtLeast, stageAt, stagesOf } from './ladder.ts'
import { compileClientRules } from './match.ts'
import { compile } from './rules.ts'
import type { SessionFacts } from './questions.ts'
import { clientRuleSetting } from './settings.ts'
import type { ClientRuleSetting, PolicySettingsInput } from './settings.ts'
import { RULE_ACTIONS } from './vocabulary.ts'
import type { RuleAction, RulePreset } from './vocabulary.ts'

type ClientRuleInput = NonNullable<PolicySettingsInput['clientRules']>[number]

const NOW = Date.parse('2026-11-23T04:00:00Z')
const DAY = 86_400_000

/** A rule that is final: confirming is a story of its own. */
function rule(action: RuleAction, isNow: boolean, more: Partial<ClientRuleInput> = {}): ClientRuleSetting {
  const preset = isNow ? 'now' : 'routine'
  const plain = { id: 'r1', family: 'gajim', below: '1.9.0', action, preset, createdAt: NOW, isFinal: true }
  return clientRuleSetting.parse({ ...plain, ...more })
}

function client(name: string, version?: string): ClientIdentity {
  return identify([claimFrom({ source: 'version-reply', name, version })])
}

function facts(who: ClientIdentity, more: Partial<SessionFacts> = {}): SessionFacts {
  return {
    at: NOW,
    account: { localpart: 'alice', isAdmin: false, isBreakGlass: false },
    client: who,
    entrance: 'tcp',
    ...more,
  }
}

function open(settings: PolicySettingsInput, asked: SessionFacts): string {
  const { verdict } = decide(compile(settings), 'session.open', asked)
  return verdict.action === 'refuse' ? verdict.code : verdict.action
}

test('the spoof matrix: nothing unreadable is treated better than an old version', () => {
  const clientRules = [rule('disconnect', true)]
  const contradicting = identify([
    claimFrom({ source: 'version-reply', name: 'Psi', version: '9.9' }),
    claimFrom({ source: 'caps', name: 'gajim' }),
  ])
  // claim → [posture discover, posture enforce]
  const matrix: readonly (readonly [string, ClientIdentity, string, string])[] = [
    ['good', client('Gajim', '1.9.5'), 'pass', 'pass'],
    ['exactly the minimum', client('Gajim', '1.9'), 'pass', 'pass'],
    ['too high', client('Gajim', '99999'), 'pass', 'pass'],
    ['old', client('Gajim', '1.8.4'), 'client-too-old', 'client-too-old'],
    ['pre-release of the minimum', client('Gajim', '1.9.0-rc.1'), 'client-too-old', 'client-too-old'],
    ['no version', client('Gajim'), 'client-unknown', 'client-unknown'],
    ['empty version', client('Gajim', ''), 'client-unknown', 'client-unknown'],
    ['garbage version', client('Gajim', 'latest'), 'client-unknown', 'client-unknown'],
    ['10 kB version', client('Gajim', '9'.repeat(10_000)), 'client-unknown', 'client-unknown'],
    ['garbage name', client(' \u0000', '9.9'), 'client-unknown', 'client-unknown'],
    ['10 kB name', client('x'.repeat(10_000), '9.9'), 'client-unknown', 'client-unknown'],
    ['contradicting caps', contradicting, 'client-unknown', 'client-unknown'],
    ['another family, old', client('Psi', '0.1'), 'pass', 'pass'],
    ['another family, no version', client('Psi'), 'pass', 'client-unknown'],
    ['silent', NO_IDENTITY, 'pass', 'client-unknown'],
  ]
  for (const [label, who, discover, enforce] of matrix) {
    expect(open({ clientRules, posture: 'discover' }, facts(who)), `${label}, discover`).toBe(discover)
    expect(open({ clientRules, posture: 'enforce' }, facts(who)), `${label}, enforce`).toBe(enforce)
  }
})

test('silence is not held against a client that may still speak, but what it claims counts', () => {
  const settings = { posture: 'enforce', clientRules: [rule('block', true)] } as const
  expect(open(settings, facts(NO_IDENTITY, { isIdentityPending: true }))).toBe('pass')
  expect(open(settings, facts(NO_IDENTITY))).toBe('client-unknown')
  expect(open(settings, facts(client('Gajim', '1.0'), { isIdentityPending: true }))).toBe('client-too-old')
})

test('a blocked client is told what is wrong and what to do', () => {
  const policy = compile({ clientRules: [rule('block', true, { url: 'https://im.test/update' })] })
  const { verdict } = decide(policy, 'session.open', facts(client('Gajim', '1.0')))
  expect(verdict).toMatchObject({
    action: 'refuse',
    code: 'client-too-old',
    retryable: false,
    details: { rule: 'r1', min: '1.9.0', url: 'https://im.test/update', deadline: '2026-11-23T04:00:00.000Z' },
  })
})

test('a blocking rule closes every entrance that carries a client', () => {
  const policy = compile({ clientRules: [rule('block', true)] })
  const session = facts(client('Gajim', '1.0'))
  const media = { at: NOW, account: session.account, client: session.client, isImage: true }
  for (const question of ['session.open', 'session.resume'] as const) {
    expect(decide(policy, question, session).verdict.action, question).toBe('refuse')
  }
  for (const question of ['upload.request', 'upload.put', 'media.read'] as const) {
    expect(decide(policy, question, media).verdict.action, question).toBe('refuse')
  }
  expect(decide(policy, 'http.request', { ...media, area: 'app' }).verdict.action).toBe('refuse')
  expect(decide(policy, 'http.request', { ...media, area: 'public' }).verdict.action).toBe('pass')
})

test('over HTTP, no identity is any client: it is refused while a rule blocks, and only then', () => {
  const refused = (settings: PolicySettingsInput, more: object = {}) => {
    const media = { at: NOW, isImage: true, ...more }
    const app = { at: NOW, area: 'app' as const, ...more }
    const verdicts = [decide(compile(settings), 'media.read', media), decide(compile(settings), 'http.request', app)]
    return verdicts.map(({ verdict }) => (verdict.action === 'refuse' ? verdict.code : verdict.action))
  }
  expect(refused({})).toEqual(['pass', 'pass'])
  expect(refused({ clientRules: [rule('degrade', true)] })).toEqual(['pass', 'pass'])
  expect(refused({ clientRules: [rule('block', false)] })).toEqual(['pass', 'pass'])
  expect(refused({ clientRules: [rule('block', true)] })).toEqual(['client-unknown', 'client-unknown'])
  expect(refused({ posture: 'enforce' })).toEqual(['client-unknown', 'client-unknown'])
  const account = { localpart: 'admin', isAdmin: true, isBreakGlass: true }
  expect(refused({ clientRules: [rule('block', true)], posture: 'enforce' }, { account })).toEqual(['pass', 'pass'])
})

test('a break-glass account is let in with any client, an administrator is not', () => {
  const settings = { posture: 'enforce', clientRules: [rule('disconnect', true)] } as const
  const breakGlass = facts(client('Gajim', '1.0'), {
    account: { localpart: 'admin', isAdmin: true, isBreakGlass: true },
  })
  const admin = facts(client('Gajim', '1.0'), { account: { localpart: 'carol', isAdmin: true, isBreakGlass: false } })
  expect(open(settings, breakGlass)).toBe('pass')
  expect(liveEffect(compile(settings), breakGlass).action).toBe('none')
  expect(open(settings, admin)).toBe('client-too-old')
})

test('control §3.1: a protected unit asks for a tier in both postures, and who is in several for the strictest', () => {
  const minimumTiers = { board: 'E4', lab: 'E2' } as const
  const said = claimFrom({ source: 'client-element', name: 'Gajim', version: '1.9.0' })
  const token = { ...said, source: 'token' } as const
  const device = { ...said, source: 'device-key' } as const
  // tier → [lab, board, both, neither]
  const cases: readonly (readonly [ClientIdentity, readonly string[]])[] = [
    [identify([said]), ['client-unknown', 'client-unknown', 'client-unknown', 'pass']],
    [identify([said], 'Gajim'), ['pass', 'client-unknown', 'client-unknown', 'pass']],
    [identify([said, token]), ['pass', 'client-unknown', 'client-unknown', 'pass']],
    [identify([said, device]), ['pass', 'pass', 'pass', 'pass']],
  ]
  const units = [['lab'], ['board'], ['lab', 'board'], ['sales']]
  const of = (one: readonly string[] | undefined, more = {}) => ({
    account: { localpart: 'alice', isAdmin: false, isBreakGlass: false, units: one, ...more },
  })
  for (const posture of ['discover', 'enforce'] as const) {
    for (const [who, expected] of cases) {
      const found = units.map((one) => open({ posture, minimumTiers }, facts(who, of(one))))
      expect(found, `${posture} ${who.tier}`).toEqual(expected)
    }
  }
  const [[plain]] = cases as [readonly [ClientIdentity, unknown]]
  // Who may be in any of them is treated as if in each.
  expect(open({ minimumTiers }, facts(plain, of(undefined)))).toBe('client-unknown')
  expect(open({ minimumTiers }, facts(plain, of(['board'], { isBreakGlass: true })))).toBe('pass')
  // A posture that nobody has confirmed lapses, and a protected unit does not.
  const lapsed = { posture: 'enforce', postureLapsesAt: NOW, minimumTiers } as const
  expect(open(lapsed, facts(NO_IDENTITY, of(['sales'])))).toBe('pass')
  expect(open(lapsed, facts(plain, of(['lab'])))).toBe('client-unknown')
  const exceptions = [{ id: 'x', family: 'gajim', accounts: ['alice'], until: NOW + DAY }]
  expect(open({ minimumTiers, exceptions }, facts(plain, of(['board'])))).toBe('pass')
})

test('control §3.5: a tier that nobody has confirmed counts until its time is over, and then the one from before', () => {
  const said = claimFrom({ source: 'client-element', name: 'Gajim', version: '1.9.0' })
  const minimumTiers = { board: 'E4', lab: 'E3' } as const
  const tiers = [identify([said]), identify([said], 'Gajim'), identify([said, { ...said, source: 'token' } as const])]
  const outcomes = (lapseAt: number, unit: string) => {
    const tierLapses = { board: { at: lapseAt, tier: 'E2' }, lab: { at: lapseAt } } as const
    const account = { localpart: 'alice', isAdmin: false, isBreakGlass: false, units: [unit] }
    return tiers.map((client) => open({ minimumTiers, tierLapses }, facts(client, { account })))
  }
  expect(outcomes(NOW + 1, 'board')).toEqual(['client-unknown', 'client-unknown', 'client-unknown'])
  expect(outcomes(NOW + 1, 'lab')).toEqual(['client-unknown', 'client-unknown', 'pass'])
  expect(outcomes(NOW, 'board')).toEqual(['client-unknown', 'pass', 'pass'])
  expect(outcomes(NOW, 'lab')).toEqual(['pass', 'pass', 'pass'])
})

test('a live session is disconnected, left chatting, warned or left alone, by the stage of the rule', () => {
  const effects: Readonly<Record<RuleAction, string>> = {
    allow: 'none',
    observe: 'none',
    notify: 'notify',
    warn: 'warn',
    degrade: 'warn',
    block: 'warn',
    disconnect: 'disconnect',
  }
  for (const [action, effect] of Object.entries(effects)) {
    const policy = compile({ clientRules: [rule(action as RuleAction, true)] })
    expect(liveEffect(policy, facts(client('Gajim', '1.0'))).action, action).toBe(effect)
    expect(liveEffect(policy, facts(client('Gajim', '1.9'))).action, action).toBe('none')
    expect(open({ clientRules: [rule(action as RuleAction, true)] }, facts(client('Gajim', '1.0'))), action).toBe(
      action === 'block' || action === 'disconnect' ? 'client-too-old' : 'pass',
    )
  }
})

test('without --now a rule climbs the routine ladder, no further than its action', () => {
  const days = (action: RuleAction) => stagesOf(rule(action, false)).map(({ stage, at }) => [stage, (at - NOW) / DAY])
  expect(days('disconnect')).toEqual([
    ['notify', 0],
    ['warn', 7],
    ['block', 14],
    ['disconnect', 15],
  ])
  expect(days('block')).toEqual([
    ['notify', 0],
    ['warn', 7],
    ['block', 14],
  ])
  expect(days('degrade')).toEqual([
    ['notify', 0],
    ['warn', 7],
  ])
  expect(days('observe')).toEqual([['observe', 0]])
  const slow = rule('block', false)
  expect(stageAt(slow, NOW + 14 * DAY - 1)).toBe('warn')
  expect(stageAt(slow, NOW + 14 * DAY)).toBe('block')
  expect(stageAt(slow, NOW - 60_000), 'a clock that runs behind').toBe('notify')
  expect(open({ clientRules: [slow] }, facts(client('Gajim', '1.0')))).toBe('pass')
  expect(open({ clientRules: [slow] }, facts(client('Gajim', '1.0'), { at: NOW + 14 * DAY }))).toBe('client-too-old')
})

test('a rule in its early stages is counted, and lets in', () => {
  const { verdict, findings } = decide(
    compile({ clientRules: [rule('warn', true)] }),
    'session.open',
    facts(client('Gajim', '1.0')),
  )
  expect(verdict.action).toBe('pass')
  expect(findings).toMatchObject([{ rule: 'client-version', mode: 'observe' }])
})

test('rules are asked by priority, of equal ones the newer first, and the first that matches decides', () => {
  const lax = rule('observe', true, { id: 'lax', below: '2.0' })
  const strict = rule('block', true, { id: 'strict' })
  const opened = (clientRules: ClientRuleSetting[]) => open({ clientRules }, facts(client('Gajim', '1.0')))
  expect(opened([lax, { ...strict, createdAt: NOW + 1 }])).toBe('client-too-old')
  expect(opened([{ ...lax, createdAt: NOW + 1 }, strict])).toBe('pass')
  expect(opened([lax, { ...strict, createdAt: NOW + 1, priority: 150 }])).toBe('pass')
})

test('whoever leaves open which version it is gets the strictest rule that may be about it', () => {
  const clientRules = [
    rule('allow', true, { id: 'new', from: '2.0', below: '3.0', priority: 1 }),
    rule('warn', true, { id: 'middle', from: '1.5', below: '2.0', priority: 2 }),
    rule('block', true, { id: 'old', below: '1.5', priority: 3 }),
  ]
  const opened = (version?: string) => open({ clientRules }, facts(client('Gajim', version)))
  expect(['2.1', '1.7', '1.0'].map(opened)).toEqual(['pass', 'pass', 'client-too-old'])
  expect(['latest', undefined].map(opened)).toEqual(['client-unknown', 'client-unknown'])
})

test('for any rules and any version, junk is never treated better than that version', () => {
  const version = fc.constantFrom('0.9', '1.0', '1.5', '1.9.0', '2.0', '3.1')
  const input = fc.record(
    {
      family: fc.constantFrom('gajim', '*', 'psi'),
      from: version,
      below: version,
      priority: fc.nat(3),
      action: fc.constantFrom(...RULE_ACTIONS),
    },
    { requiredKeys: ['family', 'action'] },
  )
  fc.assert(
    fc.property(fc.array(input, { maxLength: 6 }), version, (drafts, claimed) => {
      const find = compileClientRules(
        drafts.map((draft, index) =>
          clientRuleSetting.parse({ ...draft, id: `r${index}`, preset: 'now', createdAt: NOW + index, isFinal: true }),
        ),
        [],
      )
      const stageOf = (who: ClientIdentity) => find({ at: NOW + 100, client: who })?.stage
      const known = stageOf(client('Gajim', claimed))
      for (const junk of [client('Gajim', 'latest'), client('Gajim'), client('\u0000', claimed)]) {
        if (known !== undefined && isAtLeast(known, 'notify')) expect(isAtLeast(stageOf(junk), known)).toBe(true)
      }
    }),
  )
})

test('a rule is about those whom it names: by system, evidence, unit, account, network and time', () => {
  const linux = { ...client('Gajim', '1.0'), os: 'Linux 6.12' }
  const account = { localpart: 'alice', isAdmin: false, isBreakGlass: false, units: ['sales'] }
  const matrix: readonly (readonly [Partial<ClientRuleInput>, 'pass' | 'client-too-old' | 'client-unknown'])[] = [
    [{ os: ['linux'] }, 'client-too-old'],
    [{ os: ['windows'] }, 'pass'],
    [{ belowTier: 'E2' }, 'client-too-old'],
    [{ belowTier: 'E1' }, 'pass'],
    [{ units: ['sales', 'press'] }, 'client-too-old'],
    [{ units: ['press'] }, 'pass'],
    [{ accounts: ['alice'] }, 'client-too-old'],
    [{ accounts: ['bob'] }, 'pass'],
    [{ networks: ['10.0.0.0/8'] }, 'client-too-old'],
    [{ networks: ['192.168.0.0/16', '2001:db8::/32'] }, 'pass'],
    [{ activeFrom: NOW }, 'client-too-old'],
    [{ activeFrom: NOW + 1 }, 'pass'],
    [{ activeUntil: NOW }, 'pass'],
    [{ units: ['sales'], networks: ['192.168.0.0/16'] }, 'pass'],
  ]
  for (const [more, expected] of matrix) {
    const asked = facts(linux, { account, address: '::ffff:10.1.2.3' })
    expect(open({ clientRules: [rule('block', true, more)] }, asked), JSON.stringify(more)).toBe(expected)
  }
  // What cannot be told counts against whoever leaves it open.
  const silent = facts(client('Gajim', '1.0'))
  expect(open({ clientRules: [rule('block', true, { os: ['windows'] })] }, silent)).toBe('client-unknown')
})

test('a rule without a version keeps a family out, and one for every family reaches who says nothing', () => {
  const family = rule('block', true, { below: undefined })
  expect(open({ clientRules: [family] }, facts(client('Gajim', '99')))).toBe('client-not-allowed')
  expect(open({ clientRules: [family] }, facts(NO_IDENTITY))).toBe('pass')
  const everybody = rule('block', true, { family: '*', below: undefined, belowTier: 'E2' })
  expect(open({ clientRules: [everybody] }, facts(NO_IDENTITY))).toBe('client-not-allowed')
})

test('an exception spares whom it names, for certain, until it ends', () => {
  const clientRules = [rule('block', true)]
  const exception = { id: 'e1', family: 'gajim', accounts: ['alice'], until: NOW + DAY }
  const opened = (more: object, who: ClientIdentity, at = NOW) =>
    open({ clientRules, exceptions: [{ ...exception, ...more }] }, facts(who, { at }))
  const old = client('Gajim', '1.0')
  expect(opened({}, old)).toBe('pass')
  expect(opened({ rule: 'r1' }, old)).toBe('pass')
  expect(opened({ rule: 'another' }, old)).toBe('client-too-old')
  expect(opened({ accounts: ['bob'] }, old)).toBe('client-too-old')
  expect(opened({}, old, NOW + DAY)).toBe('client-too-old')
  expect(opened({ from: '0.9', below: '2.0' }, client('Gajim', 'junk')), 'junk may be anything').toBe('client-unknown')
})

test('degrade withholds images of the formats that it names, and leaves the rest', () => {
  const clientRules = [rule('degrade', true, { formats: ['webp'] })]
  const policy = compile({ clientRules })
  const who = client('Gajim', '1.0')
  expect(liveEffect(policy, facts(who))).toMatchObject({ action: 'degrade', formats: ['webp'] })
  expect(open({ clientRules }, facts(who))).toBe('pass')
  const read = (format: string | undefined, isImage = true) =>
    decide(policy, 'media.read', { at: NOW, account: facts(who).account, client: who, isImage, format }).verdict
  expect(read('webp')).toMatchObject({ action: 'refuse', code: 'media-withheld' })
  expect(read(undefined), 'a format that is not known may be that one').toMatchObject({ code: 'media-withheld' })
  expect(read('jpeg').action).toBe('pass')
  expect(read(undefined, false).action).toBe('pass')
})

test('the presets climb as the table says, from the deadline that is named', () => {
  const hours = (preset: RulePreset, more: Partial<ClientRuleInput> = {}) =>
    stagesOf(rule('disconnect', false, { preset, formats: ['webp'], ...more })).map(({ stage, at }) => [
      stage,
      (at - NOW) / 3_600_000,
    ])
  expect(hours('routine')).toEqual([
    ['notify', 0],
    ['warn', 168],
    ['degrade', 264],
    ['block', 336],
    ['disconnect', 360],
  ])
  expect(hours('urgent')).toEqual([
    ['notify', 0],
    ['warn', 48],
    ['degrade', 68],
    ['block', 72],
    ['disconnect', 73],
  ])
  expect(hours('urgent', { deadline: NOW + 2 * 3_600_000 }), 'what is due begins at once').toEqual([
    ['degrade', 0],
    ['block', 2],
    ['disconnect', 3],
  ])
  expect(hours('emergency')).toEqual([
    ['block', 0],
    ['disconnect', 0.25],
  ])
  expect(hours('now')).toEqual([['disconnect', 0]])
})

test('a rule that blocks falls back when nobody confirms it within ten minutes, and stays when somebody does', () => {
  const MINUTE = 60_000
  const provisional = rule('disconnect', true, { isFinal: false, formats: ['webp'] })
  expect(confirmByOf(provisional)).toBe(NOW + 10 * MINUTE)
  expect(stageAt(provisional, NOW + 10 * MINUTE - 1)).toBe('disconnect')
  expect(stageAt(provisional, NOW + 10 * MINUTE)).toBe('degrade')
  expect(stageAt({ ...provisional, formats: [] }, NOW + 10 * MINUTE)).toBe('warn')
  expect(stageAt({ ...provisional, confirmedAt: NOW + MINUTE }, NOW + 10 * MINUTE)).toBe('disconnect')
  const slow = rule('block', false, { isFinal: false })
  expect(confirmByOf(slow)).toBe(NOW + 14 * DAY + 10 * MINUTE)
  expect(stageAt(slow, NOW + 15 * DAY)).toBe('warn')
})

test('a ceiling holds a rule back at a stage', () => {
  const held = rule('disconnect', true, { ceiling: 'degrade', formats: ['webp'] })
  expect(stageAt(held, NOW + DAY)).toBe('degrade')
  expect(stageAt({ ...held, ceiling: 'observe' }, NOW + DAY)).toBe('observe')
  expect(open({ clientRules: [held] }, facts(client('Gajim', '1.0')))).toBe('pass')
})
