import { policySettings } from '@drawbridge/policy'
import { describe, expect, test } from 'vitest'
import { breakGlassNetworks, createZone } from '../policy/break-glass.config.ts'
import { createPacing } from './pacing.ts'
import { createTurnedAway } from './turned-away.ts'
import { createAdmission, textOf } from './admission.ts'
import type { LivePolicy } from '../policy/live.ts'
import type { Session } from './session.ts'

describe('what a user is told', () => {
  test('names the client, the version it needs and where to get it', () => {
    const text = textOf('client-too-old', { family: 'gajim', min: '2.0', url: 'https://get.test/' })
    expect(text).toContain('gajim needs version 2.0 or later.')
    expect(text).toContain('Get it here: https://get.test/')
  })

  test('names reason and expected end of a suspension', () => {
    expect(textOf('suspended', { reason: 'worm', until: '2026-11-23T04:00:00.000Z' })).toMatch(
      /Reason: worm\. Expected end: 2026-11-23T04:00:00\.000Z\.$/,
    )
  })

  test('leaves out what is not known', () => {
    expect(textOf('client-too-old', {})).not.toMatch(/undefined|needs version|Get it/)
    expect(textOf('client-too-old', { min: '2' })).toContain('This client needs version 2 or later.')
  })
})

const policy = {
  gate: {
    settings: policySettings.parse({
      suspensions: [{ id: 's', scopes: ['service'], mode: 'cut', reason: 'worm', since: 0 }],
    }),
  },
} as unknown as LivePolicy
const isInZone = createZone(breakGlassNetworks.parse(undefined))
const admission = createAdmission({
  policy: () => policy,
  domain: 'im.test',
  isInZone,
  pacing: createPacing(200),
  turnedAway: createTurnedAway(),
  withdraw: () => undefined,
})

describe('control §4.2 during a cut', () => {
  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '::ffff:192.168.1.1', '172.31.255.255', 'fd00::1'])(
    '%s may come as far as signing in, where break-glass accounts are known',
    (address) => {
      expect(admission.refusalBeforeSignIn(address)).toBeUndefined()
    },
  )

  test.each([
    '192.0.2.1',
    '172.32.0.1',
    '2001:db8::1',
    '::ffff:198.51.100.1',
    'fe80::1',
    '',
    'localhost',
    '127.0.0.1.evil.test',
  ])('%j is told why it may not', (address) => {
    const refusal = admission.refusalBeforeSignIn(address)
    expect(refusal?.text).toContain('Reason: worm.')
    expect(String(refusal?.details[0])).toContain('urn:drawbridge:suspension:1')
  })
})

describe('a session that is ended', () => {
  const ended = (family: string, code: 'client-too-old' | 'suspended') => {
    const calls: string[] = []
    const session = {
      jid: 'alice@im.test/1',
      client: { family },
      send: (element: unknown) => calls.push(String(element)),
      end: (condition: string, text: string, ...details: unknown[]) =>
        calls.push([condition, text, ...details].join(' ')),
    } as unknown as Session
    admission.expel(session, code, { rule: 'r1', min: '2.0' })
    return calls
  }

  test('of a foreign client gets a message first, because clients show those', () => {
    const [message = '', end = ''] = ended('gajim', 'client-too-old')
    expect(message).toMatch(
      /^<message xmlns="jabber:client" type="headline" from="im.test" to="alice@im.test\/1"><subject>Update required<\/subject>/,
    )
    expect(message).toContain('urn:drawbridge:client:1')
    expect(end).toMatch(/^policy-violation .*needs version 2\.0.*urn:drawbridge:client:1/)
  })

  test('of our own client gets the stream error alone, which it has a page for', () => {
    expect(ended('drawbridge-web', 'suspended')).toEqual([
      expect.stringMatching(/^system-shutdown .*urn:drawbridge:suspension:1/),
    ])
  })
})
