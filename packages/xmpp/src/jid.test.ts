import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findJid, jidFrom, JidFault, parseJid } from './jid.ts'
import { decodePunycode, encodePunycode } from './punycode.ts'

function linesOf(name: string): string[] {
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) =>
      line
        .replaceAll('\\e', '')
        .replace(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
    )
}

/** The shortest of several runs: what the work costs when nobody else has the processor. */
function fastestMs(work: () => unknown): number {
  const runs = Array.from({ length: 5 }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  })
  return Math.min(...runs)
}

describe('addresses', () => {
  test.each(linesOf('jids-valid.txt').map((line) => line.split('\t') as [string, string?]))(
    '%j is one',
    (input, prepared) => {
      expect(parseJid(input).toString()).toBe(prepared ?? input)
    },
  )

  test.each(linesOf('jids-invalid.txt').map((line) => line.split('\t') as [string, string]))(
    'DS-18 %j is none: %s',
    (input, reason) => {
      expect(() => parseJid(input)).toThrow(new JidFault(reason))
      expect(findJid(input)).toBeUndefined()
    },
  )

  test('DS-18 each part has at most 1,023 bytes after preparation', () => {
    expect(parseJid(`${'a'.repeat(1023)}@im.test`).localpart).toHaveLength(1023)
    expect(() => parseJid(`${'a'.repeat(1024)}@im.test`)).toThrow(JidFault)
    expect(parseJid(`im.test/${'ä'.repeat(511)}x`).resourcepart).toHaveLength(512)
    expect(() => parseJid(`im.test/${'ä'.repeat(512)}`)).toThrow(JidFault)
    expect(parseJid(`im.test/${'e\u0301'.repeat(500)}`).resourcepart).toHaveLength(500)
    expect(() => parseJid(Array.from({ length: 130 }, () => 'a').join('.'))).toThrow(JidFault)
  })

  test('addresses of hosts count where they are allowed', () => {
    const options = { allowIpLiteral: true }
    for (const host of ['127.0.0.1', '[::1]', '[2001:db8::1]', '[1:2:3:4:5:6:7:8]', '[::ffff:127.0.0.1]']) {
      expect(parseJid(`alice@${host}`, options).domainpart).toBe(host)
    }
    for (const host of [
      '256.0.0.1',
      '1.2.3',
      '01.2.3.4',
      '[::1',
      '[1:2:3]',
      '[1::2::3]',
      '[1:2:3:4:5:6:7:8:9]',
      '[g::]',
    ]) {
      expect(() => parseJid(`alice@${host}`, options)).toThrow(JidFault)
    }
  })

  test('DS-17 hostile addresses are refused in no time', () => {
    for (const unit of ['a', 'a.', '@', '/', 'xn--', '\u0301', '\u05d0', '-', '\uff21']) {
      expect(findJid(unit.repeat(50_000))).toBeUndefined()
      expect(fastestMs(() => findJid(unit.repeat(50_000)))).toBeLessThan(10)
    }
    expect(() => parseJid(`a@xn--${'9'.repeat(3000)}.test`)).toThrow(JidFault)
  })

  test('preparation is idempotent, for whatever is accepted', () => {
    const part = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 })
    const parts = fc.record({ localpart: part, domainpart: part, resourcepart: part })
    fc.assert(
      fc.property(parts, (source) => {
        let jid
        try {
          jid = jidFrom(source)
        } catch (error) {
          expect(error).toBeInstanceOf(JidFault)
          return
        }
        expect(parseJid(jid.toString()).toString()).toBe(jid.toString())
      }),
      { seed: 7622, numRuns: 3000 },
    )
    for (const unit of ['localpart', 'resourcepart', 'domainpart'] as const) {
      for (let c = 0x21; c < 0x3000; c += 3) {
        let jid
        try {
          jid = jidFrom({ domainpart: 'im.test', [unit]: `a${String.fromCodePoint(c)}` })
        } catch {
          continue
        }
        expect(parseJid(jid.toString()).toString()).toBe(jid.toString())
      }
    }
  })

  test('parts, bare and full addresses', () => {
    const jid = parseJid('alice@im.test/phone')
    expect(jid).toMatchObject({ localpart: 'alice', domainpart: 'im.test', resourcepart: 'phone', isFull: true })
    expect(jid.bare.toString()).toBe('alice@im.test')
    expect(jid.bareString).toBe('alice@im.test')
    expect(jid.bare).toBe(jid.bare)
    expect(jid.bare.bare).toBe(jid.bare)
    expect(jid.equals(parseJid('ALICE@im.test/phone'))).toBe(true)
    expect(jid.equals(jid.bare)).toBe(false)
    expect(jid.bare.withResource('phone').equals(jid)).toBe(true)
    expect(JSON.stringify({ jid })).toBe('{"jid":"alice@im.test/phone"}')
  })
})

describe('Punycode (RFC 3492)', () => {
  test.each([
    ['bücher', 'bcher-kva'],
    ['münchen-ost', 'mnchen-ost-9db'],
    ['例え', 'r8jz45g'],
    ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'],
    ['ü', 'tda'],
  ])('%s is %s', (text, encoded) => {
    expect(encodePunycode(text)).toBe(encoded)
    expect(decodePunycode(encoded)).toBe(text)
  })

  test('any text comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        expect(decodePunycode(encodePunycode(text))).toBe(text)
      }),
      { seed: 3492 },
    )
  })
})
