import type { PublicSuspension } from '@drawbridge/contract'
import { policySettings } from '@drawbridge/policy'
import { describe, expect, test } from 'vitest'
import { breakGlassNetworks, createZone } from '../policy/break-glass.config.ts'
import { createPacing } from './pacing.ts'
import { createTurnedAway } from './turned-away.ts'
import { createAdmission } from './admission.ts'
import type { LivePolicy } from '../policy/live.ts'
import type { Session } from './session.ts'

const policy = {
  gate: {
    settings: policySettings.parse({
      suspensions: [
        {
          id: 's',
          scopes: ['service'],
          mode: 'cut',
          reason: 'worm',
          reasons: { de: 'Wurm' },
          since: 0,
          until: 3_600_000,
        },
      ],
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
  countHeld: async (account) => (account.startsWith('alice') ? 2 : 0),
  withdraw: () => undefined,
  now: () => new Date(),
})

describe('control §4.2 during a cut', () => {
  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '::ffff:192.168.1.1', '172.31.255.255', 'fd00::1'])(
    '%s may come as far as signing in, where break-glass accounts are known',
    (address) => {
      expect(admission.refusalBeforeSignIn(address, undefined)).toBeUndefined()
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
    const refusal = admission.refusalBeforeSignIn(address, undefined)
    expect(refusal?.text).toMatchObject({ text: expect.stringContaining('Reason: worm.'), language: 'en' })
    expect(String(refusal?.details[0])).toContain('urn:drawbridge:suspension:1')
  })
})

test('a cut is told in the language of the stream, with words for times, and says that nothing is lost', () => {
  const { text } = admission.refusalBeforeSignIn('192.0.2.1', 'de-AT')!
  const told = typeof text === 'string' ? { text, language: '' } : text
  expect(told.language).toBe('de')
  expect(told.text).toMatch(/^Dieser Dienst ist ausgesetzt\. Grund: Wurm\. Voraussichtliches Ende: 1\. Januar 1970/)
  expect(told.text).toMatch(/Nichts geht verloren/)
  expect(told.text).not.toMatch(/\d{4}-\d\d-\d\d|sent|gesendet/)
})

describe('a session that is ended', () => {
  const ended = (family: string, code: 'client-too-old' | 'suspended') => {
    const calls: string[] = []
    const session = {
      jid: 'alice@im.test/1',
      connection: { language: 'de' },
      client: { family },
      send: (element: unknown) => calls.push(String(element)),
      end: (condition: string, text: string, ...details: unknown[]) =>
        calls.push([condition, JSON.stringify(text), ...details].join(' ')),
    } as unknown as Session
    admission.expel(session, code, { rule: 'r1', min: '2.0', url: 'https://get.test/', suspension: 's' })
    return calls
  }

  test('of a foreign client gets a message first, because clients show those', () => {
    const [message = '', end = ''] = ended('gajim', 'client-too-old')
    expect(message).toMatch(
      /^<message xmlns="jabber:client" type="headline" from="im.test" to="alice@im.test\/1"><subject>Update required<\/subject>/,
    )
    expect(message).toContain('urn:drawbridge:client:1')
    expect(message).toMatch(
      /needs version 2\.0 or later\. Get it here: https:\/\/get\.test\/<.*<body xml:lang="de">.*mindestens/,
    )
    expect(end).toMatch(/^policy-violation .*mindestens Version 2\.0.*"language":"de".*urn:drawbridge:client:1/)
  })

  test('of our own client gets the stream error alone, which it has a page for', () => {
    expect(ended('drawbridge-web', 'suspended')).toEqual([
      expect.stringMatching(/^system-shutdown .*urn:drawbridge:suspension:1/),
    ])
  })
})

describe('a foreign client is told in messages', () => {
  const session = (name: string) => {
    const heard: string[] = []
    let wake = () => undefined as void
    const next = () => new Promise<void>((resolve) => (wake = resolve))
    const fake = {
      jid: { toString: () => `${name}@im.test/1` },
      account: { bareJid: `${name}@im.test` },
      client: { family: 'gajim' },
      notes: new Map(),
      isEnded: false,
      send(element: unknown) {
        heard.push(String(element))
        wake()
      },
    } as unknown as Session
    return { heard, next, live: admission.liveSession(fake) }
  }
  const of = (scopes: string[], mode: PublicSuspension['mode'], reason: string): PublicSuspension => ({
    ...{ id: reason, scopes, mode, reason, reasons: {} },
    ...{ since: '2026-11-23T18:00:00.000Z', until: null },
  })

  test('control §4.7 of everything that is suspended now, the strictest first', () => {
    const { heard, live } = session('bob')
    const both = [of(['search'], 'read-only', 'FIRST'), of(['service'], 'hold', 'SECOND')]
    live.notify({ kind: 'suspensions', suspensions: both })
    expect(heard[0]).toMatch(/This service is on hold\. Reason: SECOND\.\nSearching is read-only\. Reason: FIRST\./)
    expect(heard[0]).toMatch(/<body xml:lang="de">Dieser Dienst ist angehalten\. Grund: SECOND\./)
  })

  test('that everything works, or how many of its messages still wait', async () => {
    const [alice, bob] = [session('alice'), session('bob')]
    for (const { live, next } of [alice, bob]) {
      const told = next()
      live.notify({ kind: 'suspensions', suspensions: [] })
      await told
    }
    expect(bob.heard[0]).toContain('Everything works as usual again.')
    expect(alice.heard[0]).toMatch(/2 of your messages still wait.*2 Ihrer Nachrichten warten noch/)
    expect(alice.heard[0]).not.toContain('Everything works')
  })
})
