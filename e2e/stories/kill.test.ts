import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'
import type { TestClient } from '../support/xmpp-client.ts'

const COUNT = 2_000
const KILL_AFTER = 600
const NS_MAM = 'urn:xmpp:mam:2'
const NS_RSM = 'http://jabber.org/protocol/rsm'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  await stack.account('alice')
  await stack.account('bob')
  await stack.account('carol')
})
afterAll(() => stack[Symbol.asyncDispose]())

const client = (name: string, more = {}) =>
  connectClient({ port: stack.c2sPort, name, password: `${name}-password`, ...more })

const message = (n: number) =>
  xml(
    'message',
    { to: 'bob@localhost', type: 'chat', id: `m${n}` },
    xml('body', {}, `number ${n}`),
    xml('origin-id', { xmlns: 'urn:xmpp:sid:0', id: `origin-${n}` }),
  )

test('DU-01 the server is killed during 2,000 messages: every acknowledged one is in both archives, none twice', async () => {
  const alice = await client('alice', { management: 'resumable' })
  const pid = stack.pidOf('server')
  // All at once: whenever the kill comes, some messages are before and some are behind their commit.
  for (let n = 1; n <= COUNT; n++) {
    alice.send(message(n))
    if (n % 20 === 0) alice.send('<r xmlns="urn:xmpp:sm:3"/>')
  }
  await alice.next(() => alice.acked() >= KILL_AFTER)
  process.kill(pid, 'SIGKILL')
  await alice.closed
  const acked = alice.acked()
  expect(acked).toBeGreaterThanOrEqual(KILL_AFTER)
  expect(acked).toBeLessThan(COUNT)
  await stack.restarted('server', pid)

  // The stream cannot be resumed, but what was handled is known; the client sends the rest again, as it would.
  const again = await client('alice', { management: { resume: alice.resumeId!, h: 0 } })
  expect(again.resumption?.name).toBe('failed')
  const handled = Number(again.resumption?.attrs['h'])
  expect(handled).toBeGreaterThanOrEqual(acked)
  // Worse than it has to be: everything that was not acknowledged before the kill is repeated.
  for (let n = acked + 1; n <= COUNT; n++) again.send(message(n))
  again.send('<r xmlns="urn:xmpp:sm:3"/>')
  await again.next(() => again.acked() >= COUNT - acked)

  const expected = Array.from({ length: COUNT }, (_, index) => `number ${index + 1}`)
  const bob = await client('bob')
  const [ofAlice, ofBob] = await Promise.all([archiveOf(again), archiveOf(bob)])
  expect(ofAlice.map(bodyOf)).toEqual(expected)
  expect(ofBob.map(bodyOf)).toEqual(expected)
  console.log(`kill -9: ${acked} acknowledged, ${handled} durable, ${ofBob.length} in each archive`)
  await again.end()
  await bob.end()
})

test('DU-01 the server is killed while a device is away: what only that one was sent reaches the next (XEP-0198 §5)', async () => {
  const alice = await client('alice')
  const phone = await client('carol', { management: 'resumable', resource: 'phone' })
  const desk = await client('carol', { resource: 'desk' })
  const textsOf = ({ received }: TestClient) => received.flatMap((element) => element.getChildText('body') ?? [])
  const has = (text: string) => (element: Element) => element.getChildText('body') === text
  desk.send(xml('presence', {}))
  phone.send(xml('presence', {}))
  // The desk sees the phone come.
  await desk.next(({ name, attrs }) => name === 'presence' && attrs['from'] === phone.jid)
  phone.destroy()
  const chat = (to: string, text: string) => xml('message', { to, type: 'chat' }, xml('body', {}, text))
  alice.send(chat(phone.jid, 'left'))
  alice.send(chat('carol@localhost', 'later'))
  await desk.next(has('later'))
  expect(textsOf(desk)).toEqual(['later'])

  const pid = stack.pidOf('server')
  process.kill(pid, 'SIGKILL')
  await stack.restarted('server', pid)

  const tablet = await client('carol', { resource: 'tablet' })
  tablet.send(xml('presence', {}))
  await tablet.next(has('left'))
  const again = await client('alice')
  again.send(chat('carol@localhost', 'end'))
  await tablet.next(has('end'))
  // What the desk had in the last quarter of a second may be repeated; nothing is lost, and nothing comes twice.
  expect(textsOf(tablet).filter((text) => text !== 'later')).toEqual(['left', 'end'])
  for (const one of [again, tablet]) await one.end()
})

const bodyOf = (result: Element) => result.getChild('forwarded')?.getChild('message')?.getChildText('body')

/** The whole archive, page by page (XEP-0313). */
async function archiveOf(reader: TestClient): Promise<Element[]> {
  const found: Element[] = []
  for (let after: string | undefined, page = 0; ; page++) {
    const set = xml(
      'set',
      { xmlns: NS_RSM },
      xml('max', {}, 100),
      after === undefined ? undefined : xml('after', {}, after),
    )
    const queryid = `page${page}`
    const answer = await reader.ask('set', xml('query', { xmlns: NS_MAM, queryid }, set))
    const fin = answer.getChild('fin', NS_MAM)
    if (!fin) throw new Error(`no page: ${answer.toString()}`)
    for (const element of reader.received) {
      const result = element.getChild('result', NS_MAM)
      if (result?.attrs['queryid'] === queryid) found.push(result)
    }
    after = fin.getChild('set', NS_RSM)?.getChildText('last') ?? undefined
    if (fin.attrs['complete'] === 'true' || after === undefined) return found
  }
}
