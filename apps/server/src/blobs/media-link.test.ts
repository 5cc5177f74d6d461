import { claimFrom, identify, NO_IDENTITY } from '@drawbridge/policy'
import type { ClientIdentity } from '@drawbridge/policy'
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createMediaLinks } from './media-link.ts'

const DAY_MS = 86_400_000
const NOW = new Date('2026-11-23T13:00:00Z')
const KEY = 'A'.repeat(43)
const ID = '019a1f60-0000-7000-8000-00000000a11c'
const links = createMediaLinks(Buffer.alloc(32, 1), 7 * DAY_MS)

const client = (name: string, version?: string) => identify([claimFrom({ source: 'client-element', name, version })])
const reader = (who: ClientIdentity) => ({
  account: { id: ID },
  client: who,
  signedInAt: new Date(NOW.getTime() - 5_000),
})
const later = (ms: number) => new Date(NOW.getTime() + ms)

test('a bound link names the account and all of its client that rules ask for', () => {
  const contradicting = identify([
    claimFrom({
      source: 'client-element',
      name: 'Drawbridge Web',
      version: '4.2.0',
      build: '9f31c2e',
      os: 'Windows 11',
    }),
    claimFrom({ source: 'version-reply', name: 'Psi+' }),
    claimFrom({ source: 'caps', name: 'Псі', version: '…' }),
  ])
  for (const who of [client('Drawbridge Web', '4.2.0'), client('Gajim'), client('\u0000'), contradicting]) {
    const holder = links.holderOf(KEY, links.queryFor(KEY, reader(who), NOW), NOW)
    const { build: _, ...known } = who
    expect(holder).toEqual({ accountId: ID, client: { ...known, source: 'link' } })
  }
})

test('of a client that has not said what it is, the link names the session', () => {
  const { signedInAt } = reader(NO_IDENTITY)
  const holder = links.holderOf(KEY, links.queryFor(KEY, reader(NO_IDENTITY), NOW), NOW)
  expect(holder).toEqual({ accountId: ID, client: { signedInAt: signedInAt.getTime() } })
})

test('whatever a client claims, its links are short, and a claim that does not fit is an unreadable one', () => {
  const long = identify(
    Array.from({ length: 5 }, (_, n) =>
      claimFrom({ source: 'caps', name: '𝔵'.repeat(60), version: `${n}${'€'.repeat(60)}` }),
    ),
  )
  const usual = links.queryFor(KEY, reader(client('drawbridge-web', '0.1.0')), NOW)
  const longest = links.queryFor(KEY, reader(long), NOW)
  expect(usual.length).toBeLessThan(150)
  expect(longest.length).toBeLessThan(900)
  expect(links.holderOf(KEY, longest, NOW)?.client).toMatchObject({
    family: '?',
    isSuspect: true,
    claims: [{ family: '?' }],
  })
})

test('the same client gets the same link all day, so that its browser finds what it has', () => {
  const who = reader(client('drawbridge-web', '0.1.0'))
  const morning = new Date('2026-11-23T00:00:00Z')
  const evening = new Date('2026-11-23T23:59:59Z')
  expect(links.queryFor(KEY, who, morning)).toBe(links.queryFor(KEY, who, evening))
  expect(links.queryFor(KEY, who, morning)).not.toBe(links.queryFor(KEY, who, new Date(evening.getTime() + 1_000)))
})

test('a link is bound for at least six sevenths of its time, and not longer than that', () => {
  for (const ttlMs of [60_000, DAY_MS, 7 * DAY_MS, 30 * DAY_MS]) {
    const some = createMediaLinks(Buffer.alloc(32, 1), ttlMs)
    const query = some.queryFor(KEY, reader(client('gajim', '1')), NOW)
    expect(some.holderOf(KEY, query, later(Math.floor((ttlMs * 6) / 7) - 1))).toBeDefined()
    expect(some.holderOf(KEY, query, later(ttlMs))).toBeUndefined()
  }
})

test('a link that was changed, is of another file or was bound under another key is bound to nobody', () => {
  const query = links.queryFor(KEY, reader(client('gajim', '1.0')), NOW)
  const other = createMediaLinks(Buffer.alloc(32, 2), 7 * DAY_MS)
  const body = Buffer.from(query.slice(3), 'base64url')
  for (let at = 0; at < body.length; at++) {
    const changed = Buffer.from(body)
    changed[at]! ^= 1
    expect(links.holderOf(KEY, `?s=${changed.toString('base64url')}`, NOW), String(at)).toBeUndefined()
  }
  expect(links.holderOf('B'.repeat(43), query, NOW)).toBeUndefined()
  expect(other.holderOf(KEY, query, NOW)).toBeUndefined()
  const others = [
    '',
    '?',
    '?s=',
    `?s=${randomBytes(60).toString('base64url')}`,
    `${query}&x=1`,
    query.replace('s=', 'S='),
    `?x=1&${query.slice(1)}`,
  ]
  for (const wrong of others) expect(links.holderOf(KEY, wrong, NOW), wrong).toBeUndefined()
})
