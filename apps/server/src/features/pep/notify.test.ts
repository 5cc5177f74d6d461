import { NS_CLIENT, xml } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { Broadcast } from '../../routing/outgoing.ts'
import { notifyNodes, tell } from './notify.ts'

test('what a client wants to hear of stands in its features (XEP-0163 §4.2)', () => {
  expect(notifyNodes(new Set(['urn:x+notify', 'urn:y', '+notify', 'urn:z+notify']))).toEqual(['urn:x', '', 'urn:z'])
})

test('OV-06 a very long list is told in parts, so that others get their turn, and serialized once', async () => {
  const texts: string[] = []
  const sessions = Array.from({ length: 2_500 }, (_, i) => ({
    jid: { toString: () => `u${i}@im.test/1` },
    send: (outgoing: { text(framing: 'tcp'): string }) => void texts.push(outgoing.text('tcp')),
  }))
  let serializations = 0
  const element = xml('message', { xmlns: NS_CLIENT, from: 'alice@im.test' }, xml('event', {}, 'x'))
  const counted = new Proxy(element, {
    get: (target, key, self) => {
      if (key === 'children') serializations++
      return Reflect.get(target, key, self) as unknown
    },
  })
  const event = new Broadcast(counted)
  const once = serializations
  const turns: number[] = []
  const timer = setImmediate(function look() {
    turns.push(texts.length)
    if (texts.length < sessions.length) setImmediate(look)
  })
  await tell(sessions, event)
  clearImmediate(timer)
  expect(texts).toHaveLength(2_500)
  expect(texts[7]).toBe('<message to="u7@im.test/1" from="alice@im.test"><event>x</event></message>')
  expect(serializations).toBe(once)
  expect(turns.length).toBeGreaterThanOrEqual(4)
  expect(Math.max(...turns.map((n, i) => n - (turns[i - 1] ?? 0)))).toBeLessThanOrEqual(500)
})
