import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nicknameKey, PrecisFault, prepareNickname, prepareOpaqueString, prepareUsernameCaseMapped } from './precis.ts'

describe('nicknames (RFC 8266)', () => {
  // §3, table 1, with what each is compared as.
  test.each([
    ['Foo', 'foo'],
    ['foo', 'foo'],
    ['Foo Bar', 'foo bar'],
    ['  Foo  Bar  ', 'foo bar'],
    ['Foo\u00a0\u3000Bar', 'foo bar'],
    ['\u03a3', '\u03c3'],
    ['\u03c3', '\u03c3'],
    ['\u03c2', '\u03c2'],
    ['\u265a', '\u265a'],
    ['Richard \u2163', 'richard iv'],
    ['\uff21\uff2c\uff29\uff23\uff25', 'alice'],
    ['\ufb01ne', 'fine'],
  ])('MU-07 %j is compared as %j (§2.4)', (nickname, key) => {
    expect(nicknameKey(nickname)).toBe(key)
  })

  test('shown as it was chosen, but for spaces and compatibility characters (§2.3)', () => {
    expect(prepareNickname('  Foo   Bar ')).toBe('Foo Bar')
    expect(prepareNickname('Richard \u2163')).toBe('Richard IV')
    expect(prepareNickname('\u00c4rger')).toBe('\u00c4rger')
  })

  test.each(['', ' ', '\u3000\u00a0', 'a\u0000', 'a\u200b', 'a\u202eb', '\ue000', 'a\u200db', '\ud800'])(
    'MU-07 %j is none',
    (text) => {
      expect(() => prepareNickname(text)).toThrow(PrecisFault)
      expect(() => nicknameKey(text)).toThrow(PrecisFault)
    },
  )
})

describe('every profile is idempotent for what it accepts (RFC 8264 §7)', () => {
  const unit = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(' ', '\u00a0', 'A', '\u0130', '\u03a3', '\u0345', '\u1fb3', '\u1e9e', '\u00df', '\uff76', '\uff9e'),
    fc.constantFrom('\u0301', '\u0323', '\u05d0', '\u0661', '\u200c', '\u200d', '\u094d', '\u00b7', '\u1100', '\u1161'),
  )
  test.each([
    ['UsernameCaseMapped', prepareUsernameCaseMapped],
    ['OpaqueString', prepareOpaqueString],
    ['Nickname', prepareNickname],
    ['Nickname, compared', nicknameKey],
  ])('%s', (_name, prepare) => {
    let accepted = 0
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 5 }), (text) => {
        let once: string
        try {
          once = prepare(text)
        } catch (error) {
          expect(error).toBeInstanceOf(PrecisFault)
          return
        }
        accepted++
        expect(prepare(once)).toBe(once)
      }),
      { seed: 8264, numRuns: 4_000 },
    )
    expect(accepted).toBeGreaterThan(50)
  })
})
