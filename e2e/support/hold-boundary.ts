import { paths } from '@drawbridge/runtime'
import { xml } from '@drawbridge/xmpp'
import { createAdminClient } from '../../apps/cli/src/admin-client.ts'
import type { Stack } from './stack.ts'
import { connectClient } from './xmpp-client.ts'
import type { TestClient } from './xmpp-client.ts'

/** Messages that a sender has on the way at most. */
const WINDOW = 500
/** Longest wait for all of it: a hundred thousand messages take a while. */
const PATIENCE_MS = 600_000
const PAIRS = [
  ['alice', 'bob'],
  ['carol', 'dave'],
] as const

/** What became of messages that were sent across the beginning and the end of a hold. */
export interface Boundary {
  readonly acknowledged: number
  readonly deliveredBefore: number
  readonly held: number
  /** Delivered and held at one time. */
  readonly inBoth: number
  /** Acknowledged and neither delivered nor held. */
  readonly lost: number
  readonly released: number
  /** Delivered more than once, when all is over. */
  readonly twice: number
  /** Delivered before one that was sent earlier in its conversation. */
  readonly outOfOrder: number
  readonly missing: number
  readonly holdMs: number
  readonly releaseMs: number
}

/**
 * Sends so many messages in two conversations while the service is put on hold and released again: a third of them
 * before, the hold begins while they flow, and it ends while the last third flows. Control §7.5.
 *
 * @param stack - with the accounts alice, bob, carol and dave
 */
export async function crossHold(stack: Stack, count: number): Promise<Boundary> {
  // Commands take seconds to start, and this is about what happens while messages flow.
  const admin = createAdminClient(paths(stack.dataDir).adminSocket, { timeoutMs: 600_000 })
  const connect = (name: string) =>
    connectClient({ port: stack.c2sPort, name, password: `${name}-password`, management: 'resumable' })
  const each = Math.floor(count / PAIRS.length)
  const pairs = await Promise.all(
    PAIRS.map(async ([from, to]) => ({ from, to, sender: await connect(from), recipient: await connect(to) })),
  )
  for (const { recipient } of pairs) recipient.send('<presence/>')
  const third = Math.floor(each / 3)
  const sendPart = (first: number, end: number) =>
    Promise.all(pairs.map((pair) => sendAll(pair.sender, pair.to, pair.from, first, end)))

  // The hold begins in the middle of a flood.
  const before = sendPart(0, third * 2)
  await pairs[0]!.sender.next(() => pairs[0]!.sender.acked() >= third, PATIENCE_MS)
  const startedAt = performance.now()
  const body = { scopes: ['service'], mode: 'hold', reason: 'drill' } as const
  const { suspension } = await admin('startSuspension', { body })
  if (!suspension) throw new Error('the hold waits for a second person')
  const params = { id: suspension.id }
  const holdMs = performance.now() - startedAt
  await before
  // Everything so far is acknowledged: it is delivered or held, and nothing is both.
  await Promise.all(pairs.map(({ recipient }) => recipient.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }))))
  const delivered = new Set(pairs.flatMap(({ recipient }) => bodiesOf(recipient)))
  const held = new Set<string>()
  for (let cursor: string | undefined; ;) {
    const query = { content: 'true', limit: 500, ...(cursor !== undefined && { cursor }) }
    const page = await admin('listHeldMessages', { params, query })
    for (const { body: text } of page.messages) if (text !== undefined) held.add(text)
    cursor = page.next
    if (cursor === undefined) break
  }
  const sent = pairs.flatMap(({ from }) => Array.from({ length: third * 2 }, (_, n) => `${from} ${n}`))

  const after = sendPart(third * 2, each)
  const releasedAt = performance.now()
  const ended = await admin('endSuspension', { params })
  const releaseMs = performance.now() - releasedAt
  await after
  for (const { recipient, from } of pairs) {
    await recipient.next((element) => element.getChildText('body') === `${from} ${each - 1}`, PATIENCE_MS)
    await recipient.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }))
  }
  const totals = { twice: 0, outOfOrder: 0, missing: 0 }
  for (const { recipient } of pairs) {
    const numbers = bodiesOf(recipient).map((body) => Number(body.split(' ')[1]))
    totals.twice += numbers.length - new Set(numbers).size
    totals.missing += each - new Set(numbers).size
    totals.outOfOrder += numbers.filter((n, index) => index > 0 && n < numbers[index - 1]!).length
  }
  for (const { sender, recipient } of pairs) await Promise.all([sender.end(), recipient.end()])
  return {
    acknowledged: sent.length,
    deliveredBefore: delivered.size,
    held: held.size,
    inBoth: [...held].filter((body) => delivered.has(body)).length,
    lost: sent.filter((body) => !delivered.has(body) && !held.has(body)).length,
    released: ended.released,
    ...totals,
    holdMs: Math.round(holdMs),
    releaseMs: Math.round(releaseMs),
  }
}

/** Sends numbered messages, some of them on the way at a time, and resolves when the last is acknowledged. */
async function sendAll(sender: TestClient, to: string, from: string, first: number, end: number): Promise<void> {
  for (let n = first; n < end; n++) {
    const text = `${from} ${n}`
    sender.send(xml('message', { to: `${to}@localhost`, type: 'chat', id: `${from}-${n}` }, xml('body', {}, text)))
    if (n % WINDOW === WINDOW - 1 || n === end - 1) {
      sender.send('<r xmlns="urn:xmpp:sm:3"/>')
      await sender.next(() => sender.acked() > n, PATIENCE_MS)
    }
  }
}

function bodiesOf({ received }: TestClient): string[] {
  const chats = received.filter(({ name, attrs }) => name === 'message' && attrs['type'] === 'chat')
  return chats.flatMap((element) => element.getChildText('body') ?? [])
}
