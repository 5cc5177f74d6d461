import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  claimFrom,
  claimFromCaps,
  claimFromSoftware,
  claimFromUserAgent,
  familySlug,
  identify,
  identifyClient,
  NO_IDENTITY,
  UNREADABLE_FAMILY,
} from './client.ts'

test('product names become slugs that rules can name', () => {
  const names = {
    'drawbridge-web': 'drawbridge-web',
    'Drawbridge Web': 'drawbridge-web',
    ' Gajim ': 'gajim',
    'Psi+': 'psi-plus',
    'blabber.im': 'blabber.im',
    Ｇａｊｉｍ: 'gajim',
    Чат: 'чат',
    '': undefined,
    ' \n\u0000': undefined,
    '../../etc': 'etc',
  }
  for (const [name, slug] of Object.entries(names)) expect(familySlug(name), name).toBe(slug)
  expect(familySlug('a'.repeat(10_000))).toBeUndefined()
})

test('a slug is its own slug, whatever the name was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const slug = familySlug(name)
      if (slug !== undefined) expect(familySlug(slug)).toBe(slug)
    }),
  )
})

test('a client that says nothing has no identity', () => {
  expect(identify([])).toBe(NO_IDENTITY)
  expect(NO_IDENTITY.tier).toBe('E0')
})

test('the best source names the client and lesser ones fill the gaps', () => {
  const identity = identify([
    claimFrom({ source: 'version-reply', name: 'Drawbridge Web', version: '4.2.0', os: 'Linux' }),
    claimFrom({ source: 'client-element', name: 'drawbridge-web', version: '4.2.0', build: '9f31c2e' }),
  ])
  expect(identity).toEqual({
    family: 'drawbridge-web',
    version: '4.2.0',
    build: '9f31c2e',
    os: 'Linux',
    tier: 'E1',
    source: 'client-element',
    isSuspect: false,
    claims: [{ family: 'drawbridge-web', version: '4.2.0' }],
  })
  const { build: _, ...rest } = identity
  expect(
    identifyClient({
      versionReply: { name: 'Drawbridge Web', version: '4.2.0', os: 'Linux' },
      element: { name: 'drawbridge-web', version: '4.2.0' },
    }),
  ).toEqual(rest)
  expect(identifyClient({})).toBe(NO_IDENTITY)
  expect(identify([claimFrom({ source: 'token', name: 'drawbridge-web', version: '1.0' })]).tier).toBe('E3')
  const token = claimFrom({ source: 'token', name: 'drawbridge-web', version: '4.2.0' })
  const device = claimFrom({ source: 'device-key', name: 'drawbridge-web', version: '4.2.0' })
  expect(identify([token, device])).toMatchObject({ tier: 'E4', source: 'device-key' })
  const other = claimFrom({ source: 'client-element', name: 'drawbridge-web', version: '4.1.0' })
  expect(identify([token, other])).toMatchObject({ tier: 'E1', isSuspect: true })
})

test('XEP-0232 §2: a form about software names family, version and system; without a name it says nothing', () => {
  const form = { software: 'Exodus', software_version: '0.9.1', os: 'Windows', os_version: 'XP' }
  expect(claimFromSoftware(form)).toEqual({
    source: 'software-info',
    family: 'exodus',
    version: '0.9.1',
    os: 'Windows XP',
  })
  expect(claimFromSoftware({ software: 'Exodus' })).toEqual({ source: 'software-info', family: 'exodus' })
  expect(claimFromSoftware({ software_version: '0.9.1', os: 'Windows' })).toBeUndefined()
  expect(claimFromSoftware({ software: 'x'.repeat(10_000) })?.family).toBe(UNREADABLE_FAMILY)
  // It fills what better evidence leaves open, and what contradicts that makes the session suspect.
  const element = { name: 'Exodus' }
  expect(identifyClient({ element, software: form })).toMatchObject({ version: '0.9.1', isSuspect: false })
  expect(identifyClient({ element: { ...element, version: '0.9.0' }, software: form }).isSuspect).toBe(true)
  expect(identifyClient({ software: form, userAgent: 'Psi 1.0' })).toMatchObject({ family: 'exodus', isSuspect: true })
})

test('two families or two versions make a session suspect', () => {
  const gajim = claimFrom({ source: 'version-reply', name: 'Gajim', version: '1.9.5' })
  expect(identify([gajim, claimFrom({ source: 'user-agent', name: 'Psi' })]).isSuspect).toBe(true)
  expect(identify([gajim, claimFrom({ source: 'user-agent', name: 'Gajim', version: '1.0' })]).isSuspect).toBe(true)
  expect(identify([gajim, claimFrom({ source: 'user-agent', name: 'Gajim' })]).isSuspect).toBe(false)
})

test('control §3.1: a name under a hash that is right corroborates a claim, and never contradicts one', () => {
  const gajim = claimFrom({ source: 'client-element', name: 'Gajim', version: '1.9.0' })
  expect(identify([gajim], 'Gajim 1.9.0')).toMatchObject({ tier: 'E2', isSuspect: false })
  expect(identify([gajim], 'Gajim')).toMatchObject({ tier: 'E2' })
  expect(identify([gajim], 'slixmpp')).toEqual(identify([gajim]))
  expect(identify([gajim], '')).toEqual(identify([gajim]))
  expect(identify([], 'Gajim')).toEqual(NO_IDENTITY)
  const other = claimFrom({ source: 'caps', name: 'psi' })
  expect(identify([gajim, other], 'Gajim')).toMatchObject({ tier: 'E1', isSuspect: true })
})

test('user agents and caps nodes are read as their makers write them', () => {
  expect(claimFromUserAgent('Gajim 1.9.5', 'user-agent')).toMatchObject({ family: 'gajim', version: '1.9.5' })
  expect(claimFromUserAgent('DrawbridgeBot/2.0 (linux)', 'http-header')).toMatchObject({
    family: 'drawbridgebot',
    version: '2.0',
  })
  expect(claimFromUserAgent('curl/next', 'http-header')).toMatchObject({ family: 'curl', version: 'next' })
  expect(claimFromUserAgent('Kiva Messenger', 'user-agent')).toEqual({ source: 'user-agent', family: 'kiva-messenger' })
  expect(claimFromCaps('http://slixmpp.com/ver/1.8.5')).toMatchObject({ family: 'slixmpp', version: '1.8.5' })
  expect(claimFromCaps('https://gajim.org')).toMatchObject({ family: 'gajim' })
  expect(claimFromCaps('https://example.org/bot')).toBeUndefined()
})

test('garbage stays garbage: it never turns into a readable claim', () => {
  expect(claimFrom({ source: 'version-reply', name: 'x'.repeat(10_000), version: '9.9' }).family).toBe(
    UNREADABLE_FAMILY,
  )
  const { version } = claimFrom({ source: 'version-reply', name: 'gajim', version: `9.9.9${'0'.repeat(10_000)}` })
  expect(version).toHaveLength(64)
  expect(version).toMatch(/…$/u)
})
