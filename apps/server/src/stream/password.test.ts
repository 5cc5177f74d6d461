import { afterEach, describe, expect, test, vi } from 'vitest'
import { createPool, PasswordBusy, PasswordUnfit, preparePassword } from './password.ts'

describe('AU-17 a password (RFC 8265 §4.2)', () => {
  test.each([
    ['an umlaut in two parts', 'pa\u0308sswort', 'p\u00e4sswort'],
    ['other spaces', 'correct\u00a0horse\u3000staple', 'correct horse staple'],
    ['full-width letters, kept as they are', '\uff50\uff41\uff53\uff53', '\uff50\uff41\uff53\uff53'],
    ['case, kept as it is', 'Password', 'Password'],
    ['an emoji', 'pass🔑word', 'pass🔑word'],
  ])('with %s', (_what, given, prepared) => {
    expect(preparePassword(given)).toBe(prepared)
  })

  test.each([
    ['nothing', ''],
    ['a control character', 'pass\u0007word'],
    ['NUL', 'pass\0word'],
    ['half a character', 'pass\ud800word'],
    ['a character that is not assigned', 'pass\u0378word'],
    ['a zero-width space', 'pass\u200bword'],
    ['1,025 bytes', 'x'.repeat(1_025)],
    ['1 MB', 'x'.repeat(1_000_000)],
    ['1,025 bytes in fewer characters', 'ä'.repeat(513)],
  ])('with %s is none', (_what, given) => {
    expect(() => preparePassword(given)).toThrow(PasswordUnfit)
  })
})

describe('AU-16 the pool', () => {
  afterEach(() => vi.restoreAllMocks())

  function filled(size: number) {
    let now = 0
    const pool = createPool(size, () => now)
    const ends: (() => void)[] = []
    let running = 0
    let most = 0
    const add = () =>
      pool(async () => {
        most = Math.max(most, ++running)
        await new Promise<void>((resolve) => ends.push(resolve))
        running--
      })
    return {
      add,
      ends,
      most: () => most,
      pass: (ms: number) => (now += ms),
      settle: () => new Promise((resolve) => setImmediate(resolve)),
    }
  }

  test('runs so many at once and no more, also when new ones come just as one ends', async () => {
    const { add, ends, most, settle } = filled(2)
    const all = Array.from({ length: 10 }, add)
    await settle()
    expect(ends).toHaveLength(2)
    for (let n = 0; n < 30; n++) {
      ends.shift()?.()
      if (n < 10) all.push(add())
      await settle()
    }
    await Promise.all(all)
    expect(most()).toBe(2)
  })

  test('of 1,000 at once, 200 wait and the rest hears at once that it is too much', async () => {
    const { add, ends, settle } = filled(2)
    const outcomes = Array.from({ length: 1_000 }, () =>
      add().then(
        () => 'done',
        (error: unknown) => error,
      ),
    )
    await settle()
    while (ends.length > 0) {
      ends.shift()?.()
      await settle()
    }
    const settled = await Promise.all(outcomes)
    expect(settled.filter((outcome) => outcome === 'done')).toHaveLength(202)
    expect(settled.filter((outcome) => outcome instanceof PasswordBusy)).toHaveLength(798)
  })

  test('who has waited two seconds is not served any more, whoever comes then is', async () => {
    const { add, ends, pass, settle } = filled(1)
    const first = add()
    const late = add().catch((error: unknown) => error)
    pass(2_001)
    const recent = add()
    await settle()
    ends.shift()?.()
    await first
    expect(await late).toBeInstanceOf(PasswordBusy)
    await settle()
    ends.shift()?.()
    await recent
  })

  test('work that fails gives its place back', async () => {
    const pool = createPool(1)
    await expect(pool(() => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory')
    expect(await pool(() => Promise.resolve('next'))).toBe('next')
  })
})
