import { NS_CLIENT, parseElement, C2S_LIMITS, serialize, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Broadcast, Outgoing } from './outgoing.ts'

const STANZAS: readonly Element[] = [
  xml('presence', { xmlns: NS_CLIENT, from: 'alice@im.test/1' }),
  xml('presence', { from: 'alice@im.test/1', type: 'unavailable' }),
  xml(
    'presence',
    { xmlns: NS_CLIENT, from: 'a@im.test' },
    xml('show', {}, 'away'),
    xml('c', { xmlns: 'http://jabber.org/protocol/caps', node: 'n' }),
  ),
  xml(
    'message',
    { xmlns: NS_CLIENT, type: 'chat', id: `<&"'>` },
    xml('body', {}, 'a < b & c'),
    xml('x', { xmlns: 'jabber:x:oob' }),
  ),
  xml(
    'iq',
    { xmlns: NS_CLIENT, type: 'set', id: 'p' },
    xml('query', { xmlns: 'jabber:iq:roster' }, xml('item', { jid: 'b@im.test' })),
  ),
]

/** The same stanza with a `to`, as one that was never shared would be written. */
const addressed = (element: Element, to: string) =>
  xml(
    element.name,
    { ...element.attrs, to },
    ...element.children.map((child) => (typeof child === 'string' ? child : child.clone())),
  )

/** What a client reads, whatever the order of attributes. */
function read(text: string, framing: 'tcp' | 'ws') {
  const document = framing === 'ws' ? text : text.replace(/^<(\w+)/, `<$1 xmlns="${NS_CLIENT}"`)
  const element = parseElement(document, C2S_LIMITS)
  const { attrs, name } = element
  return { name, attrs: { ...attrs }, children: element.children.map(String) }
}

describe.each(['tcp', 'ws'] as const)('over %s', (framing) => {
  test.each(STANZAS)('a broadcast reads as if it had been made for each recipient', (element) => {
    const broadcast = new Broadcast(element)
    for (const to of ['bob@im.test', 'bob@im.test/2', `o'neil&co@im.test/<"r">`]) {
      const whole = serialize(addressed(element, to), framing === 'tcp' ? { parentNS: NS_CLIENT } : {})
      const expected =
        framing === 'ws' && element.attrs['xmlns'] === undefined
          ? whole.replace(/^<\w+/, `$& xmlns="${NS_CLIENT}"`)
          : whole
      expect(read(broadcast.text(framing, to), framing)).toEqual(read(expected, framing))
      expect(broadcast.to(to).text(framing)).toBe(broadcast.text(framing, to))
      expect(broadcast.to(to).textAgain(framing, 'im.test')).toBe(broadcast.text(framing, to))
    }
  })

  test.each(STANZAS)(
    'a stanza names its namespace on WebSocket, and leaves it to the stream on TCP (XS-28)',
    (element) => {
      const text = new Outgoing(element).text(framing)
      expect(text.match(/jabber:client/g) ?? []).toHaveLength(framing === 'ws' ? 1 : 0)
      expect(read(text, framing).name).toBe(element.name)
    },
  )
})

test('a broadcast with a `to` of its own is a mistake', () => {
  expect(() => new Broadcast(xml('presence', { to: 'bob@im.test' }))).toThrow('no `to`')
})

describe('sent again', () => {
  afterEach(() => vi.useRealTimers())

  test('a message says when it was sent first, unless that is just now or it says so already', () => {
    vi.useFakeTimers({ now: new Date('2026-11-23T04:00:00Z') })
    const element = xml('message', { xmlns: NS_CLIENT, to: 'bob@im.test' }, xml('body', {}, 'hi'))
    const message = new Outgoing(element)
    const delayed = new Outgoing(
      addressed(element, 'x@im.test').append(xml('delay', { xmlns: 'urn:xmpp:delay', stamp: '2026-01-01T00:00:00Z' })),
    )
    const empty = new Outgoing(xml('message', { xmlns: NS_CLIENT, to: 'bob@im.test' }))
    const presence = new Outgoing(STANZAS[0]!)
    vi.advanceTimersByTime(999)
    expect(message.textAgain('tcp', 'im.test')).toBe(message.text('tcp'))
    vi.advanceTimersByTime(60_000)
    expect(message.textAgain('tcp', 'im.test')).toBe(
      '<message to="bob@im.test"><body>hi</body><delay xmlns="urn:xmpp:delay" from="im.test" stamp="2026-11-23T04:00:00.000Z"/></message>',
    )
    expect(message.textAgain('ws', 'im.test')).toMatch(/^<message xmlns="jabber:client" to="bob@im.test">/)
    expect(empty.textAgain('tcp', 'im.test')).toMatch(/^<message to="bob@im.test"><delay [^>]*\/><\/message>$/)
    expect(message.text('tcp')).not.toContain('delay')
    expect(delayed.textAgain('tcp', 'im.test').match(/<delay/g)).toHaveLength(1)
    expect(presence.textAgain('tcp', 'im.test')).toBe(presence.text('tcp'))
  })
})
