// Punycode (RFC 3492), for A-labels of domains.

const BASE = 36
const T_MIN = 1
const T_MAX = 26
const SKEW = 38
const DAMP = 700
const MAX_INT = 0x7fffffff

/** Decodes what follows `xn--`. Throws a RangeError if it is not Punycode. */
export function decodePunycode(text: string): string {
  const dash = text.lastIndexOf('-')
  const output = dash > 0 ? [...text.slice(0, dash)].map((character) => character.charCodeAt(0)) : []
  let n = 128
  let i = 0
  let bias = 72
  let at = dash > 0 ? dash + 1 : 0
  while (at < text.length) {
    const before = i
    let weight = 1
    for (let k = BASE; ; k += BASE) {
      const digit = digitValue(text.charCodeAt(at++))
      i += digit * weight
      if (i > MAX_INT) throw new RangeError('overflow')
      const t = threshold(k, bias)
      if (digit < t) break
      weight *= BASE - t
      if (weight > MAX_INT) throw new RangeError('overflow')
    }
    const count = output.length + 1
    bias = adapt(i - before, count, before === 0)
    n += Math.floor(i / count)
    i %= count
    if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000)) throw new RangeError('not a character')
    output.splice(i++, 0, n)
  }
  return String.fromCodePoint(...output)
}

/** Encodes a label, without the leading `xn--`. */
export function encodePunycode(text: string): string {
  const input = [...text].map((character) => character.codePointAt(0) ?? 0)
  const basic = input.filter((c) => c < 128)
  let output = String.fromCharCode(...basic)
  if (basic.length > 0) output += '-'
  let n = 128
  let delta = 0
  let bias = 72
  let handled = basic.length
  while (handled < input.length) {
    const next = Math.min(...input.filter((c) => c >= n))
    delta += (next - n) * (handled + 1)
    n = next
    for (const c of input) {
      if (c < n) delta++
      if (c !== n) continue
      let q = delta
      for (let k = BASE; ; k += BASE) {
        const t = threshold(k, bias)
        if (q < t) break
        output += digitOf(t + ((q - t) % (BASE - t)))
        q = Math.floor((q - t) / (BASE - t))
      }
      output += digitOf(q)
      bias = adapt(delta, handled + 1, handled === basic.length)
      delta = 0
      handled++
    }
    delta++
    n++
  }
  return output
}

function threshold(k: number, bias: number): number {
  return Math.min(Math.max(k - bias, T_MIN), T_MAX)
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / DAMP) : delta >> 1
  rest += Math.floor(rest / count)
  let k = 0
  for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) rest = Math.floor(rest / (BASE - T_MIN))
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW))
}

function digitValue(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 22
  if (c >= 0x61 && c <= 0x7a) return c - 0x61
  if (c >= 0x41 && c <= 0x5a) return c - 0x41
  throw new RangeError('not a digit of Punycode')
}

function digitOf(value: number): string {
  return String.fromCharCode(value + (value < 26 ? 97 : 22))
}
