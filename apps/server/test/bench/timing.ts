// Whether the time of a refused sign-in by SCRAM tells anything (threats AU-09, AU-14): Welch's t between two kinds of
// refusal, in random order. Below 4.5 nothing is to be learned from that many tries. A measurement and no test: what else
// the machine does is in it.

import { createHmac, pbkdf2Sync, randomInt } from 'node:crypto'
import { deriveVerifier, parseClientFirst, ScramExchange } from '../../src/stream/scram.ts'

const SAMPLES = 100_000
const WARM_UP = 10_000
/** Of the samples of both kinds, this many of the slowest are interruptions and left out, as dudect does. */
const CROPPED_RATIO = 0.05

type Kind = 'a' | 'b'
interface Comparison {
  readonly name: string
  /** The proof to be flipped at this bit, and whether the account exists. */
  readonly kinds: Readonly<Record<Kind, { readonly bit: number; readonly isReal: boolean }>>
}

const COMPARISONS: readonly Comparison[] = [
  { name: 'AU-09 first bit or last bit wrong', kinds: { a: { bit: 0, isReal: true }, b: { bit: 255, isReal: true } } },
  {
    name: 'AU-14 wrong password or unknown user',
    kinds: { a: { bit: 0, isReal: true }, b: { bit: 0, isReal: false } },
  },
]

const SALT = Buffer.alloc(16)
const ITERATIONS = 4_096
const verifier = await deriveVerifier('pencil', { family: 'SCRAM-SHA-256', iterations: ITERATIONS, salt: SALT })
const first = parseClientFirst('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const clientKey = hmac(pbkdf2Sync('pencil', SALT, ITERATIONS, 32, 'sha256'), 'Client Key')

/** The client's last message, right but for one bit of the proof. */
function finalWith(bit: number, serverFirst: string): string {
  const withoutProof = `c=biws,${/^r=[^,]+/.exec(serverFirst)?.[0]}`
  const signature = hmac(verifier.storedKey, `${first.bare},${serverFirst},${withoutProof}`)
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!))
  proof[bit >> 3]! ^= 1 << (bit & 7)
  return `${withoutProof},p=${proof.toString('base64')}`
}

process.stdout.write('| what is told apart | mean µs | difference | Welch t |\n| --- | --- | --- | --- |\n')
for (const { name, kinds } of COMPARISONS) {
  const times: Record<Kind, number[]> = { a: [], b: [] }
  for (let n = -WARM_UP; n < SAMPLES; n++) {
    const kind = randomInt(2) === 0 ? 'a' : 'b'
    const took = refuse(kinds[kind].bit, kinds[kind].isReal)
    if (n >= 0) times[kind].push(took)
  }
  const limit = [...times.a, ...times.b].toSorted((x, y) => x - y)[Math.floor(SAMPLES * (1 - CROPPED_RATIO))]!
  const a = momentsOf(times.a.filter((time) => time < limit))
  const b = momentsOf(times.b.filter((time) => time < limit))
  const t = (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count)
  const difference = `${((b.mean / a.mean - 1) * 100).toFixed(2)} %`
  process.stdout.write(`| ${name} | ${(a.mean * 1_000).toFixed(1)} | ${difference} | ${t.toFixed(1)} |\n`)
}

/** Milliseconds that a wrong proof takes to be refused. */
function refuse(bit: number, isReal: boolean): number {
  const exchange = new ScramExchange({ first, verifier, bindingBytes: Buffer.alloc(0), isReal })
  const final = finalWith(bit, exchange.serverFirst)
  const startedAt = performance.now()
  try {
    exchange.finish(final)
  } catch {
    return performance.now() - startedAt
  }
  throw new Error('a wrong proof was taken')
}

function momentsOf(values: readonly number[]): { mean: number; variance: number; count: number } {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  return { mean, variance, count }
}
