import { expect, test } from 'vitest'
import { claimFrom, identify } from './client.ts'
import { compile } from './rules.ts'
import { decide } from './engine.ts'
import { disguiseOf } from './lookalike.ts'
import { unknownBecause } from './rule-client.ts'

// Letters of other scripts are written as escapes: here they could not be told from Latin ones.
const DISGUISES: Readonly<Record<string, string>> = {
  // g, CYRILLIC SMALL LETTER A, jim
  'g\u0430jim': 'gajim',
  // CYRILLIC SMALL LETTERS ER, DZE, BYELORUSSIAN-UKRAINIAN I: not one Latin letter
  '\u0440\u0455\u0456': 'psi',
  // c, GREEK SMALL LETTER OMICRON, nversati, CYRILLIC SMALL LETTER O, ns
  'c\u03bfnversati\u043ens': 'conversations',
  // LATIN SMALL LETTER ALPHA is Latin, and no letter of any name
  'g\u0251jim': 'gajim',
}
const HONEST = [
  'gajim',
  'drawbridge-web',
  'psi-plus',
  // chat, in Russian, Greek and Turkish
  '\u0447\u0430\u0442',
  '\u03bc\u03ae\u03bd\u03c5\u03bc\u03b1',
  'y\u0131ld\u0131z',
  // Japanese and Korean names stand beside Latin ones
  '\u3061\u3083\u3063\u3068-app',
  '\ucf54\ucf54\uc544-talk',
  'd\u00ef-no',
]

test('a name that only looks like another one is told from honest ones of any script', () => {
  for (const [slug, looked] of Object.entries(DISGUISES)) expect(disguiseOf(slug), slug).toBe(looked)
  for (const slug of HONEST) expect(disguiseOf(slug), slug).toBeUndefined()
})

test('a client under such a name is suspect, is listed as unknown with the reason, and is met by the rule for its model', () => {
  const spoof = identify([claimFrom({ source: 'version-reply', name: 'G\u0430jim', version: '1.8.0' })])
  expect(spoof).toMatchObject({ family: 'g\u0430jim', isSuspect: true, tier: 'E1' })
  expect(unknownBecause(spoof)).toBe('the name g\u0430jim only looks like gajim')
  const rule = {
    id: 'r1',
    family: 'gajim',
    below: '1.9.0',
    action: 'block',
    preset: 'now',
    createdAt: 0,
    isFinal: true,
  }
  const policy = compile({ clientRules: [rule as never] })
  const account = { localpart: 'mallory', isAdmin: false, isBreakGlass: false }
  const facts = { at: Date.now(), account, client: spoof, entrance: 'tcp' } as const
  expect(decide(policy, 'session.open', facts).verdict).toMatchObject({ action: 'refuse', code: 'client-too-old' })
})
