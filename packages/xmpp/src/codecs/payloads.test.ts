import { describe, expect, test } from 'vitest'
import { xml } from '../element.ts'
import type { Element } from '../element.ts'
import { NS_CLIENT, NS_HINTS } from '../ns.ts'
import { isCarbonEligible } from './carbons.ts'
import { isDurable } from './durable.ts'
import { findPayload, isPushWorthy, PAYLOADS, type Payload } from './payloads.ts'

const message = (type: string, ...children: Element[]) => xml('message', { xmlns: NS_CLIENT, type }, children)
const hint = (name: string) => xml(name, { xmlns: NS_HINTS })
const content = ({ xmlns, names, with: inner }: Payload) =>
  xml(names?.[0] ?? 'x', { xmlns, id: '1' }, inner?.[0] === undefined ? undefined : xml(inner[0]))

describe.each(PAYLOADS.map((row) => [`${row.xmlns} ${row.names?.join(' ') ?? ''}`, row] as const))('%s', (_, row) => {
  const element = () => content(row)

  test('is the row of its own content', () => {
    for (const name of row.names ?? ['x']) {
      const inner = row.with?.map((child) => xml(child))
      expect(findPayload(xml(name, { xmlns: row.xmlns }, inner))).toBe(row)
    }
  })

  test('is stored, copied and announced as the table says (XEP-0313 §5.1.1, XEP-0280 §6.1, XEP-0357 §5)', () => {
    expect(isDurable(message('chat', element()))).toBe(row.durable !== false)
    expect(isDurable(message('groupchat', element()))).toBe(row.durable !== false)
    expect(isCarbonEligible(message('chat', element()))).toBe(true)
    expect(isCarbonEligible(message('normal', element()))).toBe(row.carbon)
    expect(isPushWorthy(message('chat', element()))).toBe(row.push)
  })

  test('heeds hints (XEP-0334 §4)', () => {
    expect(isDurable(message('chat', element(), hint('no-store')))).toBe(row.durable === 'always')
    expect(isDurable(message('chat', element(), hint('no-permanent-store')))).toBe(row.durable === 'always')
    expect(isCarbonEligible(message('chat', element(), hint('no-copy')))).toBe(false)
    // "is typing" is never kept, whoever asks for it (XEP-0085 §4).
    const isState = row.xmlns === 'http://jabber.org/protocol/chatstates'
    expect(isDurable(message('chat', element(), hint('store')))).toBe(!isState)
  })

  test('is nothing in an error and in a headline', () => {
    for (const type of ['error', 'headline']) {
      expect(isDurable(message(type, element()))).toBe(false)
      expect(isPushWorthy(message(type, element()))).toBe(false)
    }
  })
})

test('a message gets the best of what its contents get', () => {
  const [body, composing] = [xml('body', {}, 'hi'), xml('active', { xmlns: 'http://jabber.org/protocol/chatstates' })]
  expect(isDurable(message('chat', composing, body))).toBe(true)
  expect(isPushWorthy(message('chat', composing, body))).toBe(true)
})

test('the fallback text of a retraction or a correction wakes nobody', () => {
  const body = xml('body', {}, 'This message was retracted')
  for (const xmlns of ['urn:xmpp:message-retract:1', 'urn:xmpp:message-correct:0']) {
    expect(isPushWorthy(message('chat', body.clone(), xml('retract', { xmlns, id: '1' })))).toBe(false)
  }
})

test('a content that the table does not know is passed on and forgotten', () => {
  const unknown = xml('x', { xmlns: 'urn:x' })
  expect(findPayload(unknown)).toBeUndefined()
  expect([isDurable(message('normal', unknown)), isCarbonEligible(message('normal', unknown))]).toEqual([false, false])
})
