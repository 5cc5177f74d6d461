import { Refusal, sentencesOf } from '@drawbridge/contract'
import { readBounded } from '@drawbridge/runtime'
import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'

/** Longest time to send a body, in milliseconds. */
const BODY_TIMEOUT_MS = 15_000

/** Keys that reach an object's prototype when code is careless. Nobody needs them, so nobody may send them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Reads a JSON body of at most `maxBytes` bytes.
 *
 * @throws Refusal `unsupported-media-type`, `payload-too-large`, or `bad-request` for anything that is not JSON.
 */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = req.headers['content-type'] ?? ''
  if (!/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/iu.test(type)) throw new Refusal('unsupported-media-type')
  const bytes = await readBytes(req, maxBytes)
  try {
    return withoutTraps(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch (cause) {
    throw cause instanceof Refusal ? cause : new Refusal('bad-request', { cause })
  }
}

/** Refuses a body where none belongs. */
export function expectNoBody(req: IncomingMessage): void {
  const length = req.headers['content-length']
  if (req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')) {
    throw new Refusal('bad-request', { detail: 'This request takes no body.' })
  }
}

/** The parameters of a query string; one that appears twice is refused, since readers differ on which one counts. */
export function readQuery(search: string): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [key, value] of new URLSearchParams(search)) {
    if (FORBIDDEN_KEYS.has(key)) throw new Refusal('bad-request')
    if (Object.hasOwn(query, key)) throw new Refusal('bad-request', { detail: 'A parameter is given twice.' })
    expectText(value)
    query[key] = value
  }
  return query
}

/** A value checked against its schema. The refusal says where the first fault is, in words that fit on a line. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [sentence = ''] = sentencesOf(result.error.issues, value)
  throw new Refusal('bad-request', { detail: sentence.slice(0, 200) })
}

async function readBytes(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw new Refusal('payload-too-large')
  const deadline = setTimeout(() => req.destroy(), BODY_TIMEOUT_MS)
  try {
    const bytes = await readBounded(req, maxBytes)
    if (!bytes) throw new Refusal('payload-too-large')
    return bytes
  } finally {
    clearTimeout(deadline)
  }
}

/** Deepest nesting of a body: whoever writes it as text again recurses. */
const MAX_DEPTH = 500

/** Walks without recursion: a body may be as deep as it is long. */
function withoutTraps(root: unknown): unknown {
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }]
  for (let next = left.pop(); next; next = left.pop()) {
    const { value, depth } = next
    if (typeof value === 'string') expectText(value)
    if (typeof value !== 'object' || value === null) continue
    if (depth > MAX_DEPTH) throw new Refusal('bad-request', { detail: `It is nested deeper than ${MAX_DEPTH} levels.` })
    for (const [key, child] of Object.entries(value)) {
      if (FORBIDDEN_KEYS.has(key)) throw new Refusal('bad-request', { detail: `${key} is not allowed.` })
      expectText(key)
      left.push({ value: child, depth: depth + 1 })
    }
  }
  return root
}

/** What no text of Unicode is, and the database does not store: U+0000 and half a surrogate pair. */
function expectText(value: string): void {
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new Refusal('bad-request', { detail: 'A text has a character that is none (U+0000, or half of a pair).' })
  }
}
