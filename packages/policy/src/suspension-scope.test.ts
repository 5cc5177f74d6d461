import { expect, test } from 'vitest'
import { isTold, findScope, SCOPE_KINDS, suspensionScope } from './suspension-scope.ts'
import type { Subject } from './suspension-scope.ts'

const HASH = 'a1'.repeat(32)

test('a scope has one spelling, whoever writes it', () => {
  for (const [written, stored] of [
    ['service', 'service'],
    ['group:sales', 'group:sales'],
    ['room:Hall@Rooms.im.test', 'room:hall@rooms.im.test'],
    ['peer:Remote.Test', 'peer:remote.test'],
    ['client:drawbridge-web', 'client:drawbridge-web'],
    ['zone:10.0.0.0/8', 'zone:10.0.0.0/8'],
    ['zone:2001:db8::/32', 'zone:2001:db8::/32'],
    [`hash:${HASH.toUpperCase()}`, `hash:${HASH}`],
    ['format:webp', 'format:webp'],
  ]) {
    expect(suspensionScope.parse(written), written).toBe(stored)
  }
})

test('what is no scope is refused: nothing is suspended that nobody meant', () => {
  for (const text of [
    '',
    'everything',
    'constructor',
    'toString:x',
    'service:',
    'service:x',
    'images:png',
    'group',
    'group:',
    'group:a b',
    'room:hall',
    'room:hall@rooms.im.test/nick',
    'peer:',
    'peer:a b',
    'client:Drawbridge Web',
    'zone:10.0.0.1',
    'zone:10.0.0.0/33',
    'hash:abc',
    'format:image/webp',
    `group:${'x'.repeat(65)}`,
  ]) {
    expect(findScope(text), text).toBeUndefined()
    expect(suspensionScope.safeParse(text).success, text).toBe(false)
  }
})

test('nobody hears from a suspension what is none of his business', () => {
  const alice: Subject = {
    account: {
      localpart: 'alice',
      isAdmin: false,
      isBreakGlass: false,
      units: ['sales'],
      rooms: ['hall@rooms.im.test'],
    },
    client: { tier: 'E1', source: 'client-element', isSuspect: false, claims: [{ family: 'gajim' }] },
    address: '10.1.2.3',
  }
  const told = (scope: string) => `${isTold(scope)} ${isTold(scope, alice)}`
  const known = {
    service: 'true true',
    messages: 'true true',
    'format:webp': 'true true',
    federation: 'false false',
    'peer:remote.test': 'false false',
    [`hash:${HASH}`]: 'false false',
    'group:sales': 'false true',
    'group:finance': 'false false',
    'client:gajim': 'false true',
    'client:dino': 'false false',
    'zone:10.0.0.0/8': 'false true',
    'zone:192.168.0.0/16': 'false false',
    'room:hall@rooms.im.test': 'false true',
    'room:board@rooms.im.test': 'false false',
  }
  for (const [scope, expected] of Object.entries(known)) expect(told(scope), scope).toBe(expected)
})

test('the kinds are in order, from the widest to the narrowest', () => {
  expect(SCOPE_KINDS[0]).toBe('service')
  expect(SCOPE_KINDS.indexOf('files')).toBeLessThan(SCOPE_KINDS.indexOf('images'))
  expect(SCOPE_KINDS.indexOf('rooms')).toBeLessThan(SCOPE_KINDS.indexOf('room'))
  expect(SCOPE_KINDS.at(-1)).toBe('hash')
})
