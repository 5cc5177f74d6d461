import { describe, expect, test } from 'vitest'
import { xml } from '../element.ts'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { buildCarbon, findCarbon, isCarbonEligible, stripCarbons, stripPrivate } from './carbons.ts'

const message = (content: string, type = 'chat') =>
  parseElement(`<message xmlns='jabber:client' type='${type}'>${content}</message>`, C2S_LIMITS)
const BODY = '<body>hi</body>'

test('a carbon carries a copy', () => {
  const original = message(BODY)
  const carbon = buildCarbon('sent', original)
  expect(carbon.toString()).toBe(
    '<sent xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">' +
      '<message xmlns="jabber:client" type="chat"><body>hi</body></message></forwarded></sent>',
  )
  expect(original.parent).toBeNull()
  const found = findCarbon(xml('message', {}, carbon))
  expect(found?.direction).toBe('sent')
  expect(found?.stanza.getChildText('body')).toBe('hi')
  expect(findCarbon(xml('message', {}, xml('received', { xmlns: 'urn:xmpp:carbons:2' })))).toBeUndefined()
})

test('SP-02 carbons that a client made are removed', () => {
  const forged = xml('message', {}, buildCarbon('sent', message('')), buildCarbon('received', message('')), xml('body'))
  expect(stripCarbons(forged)).toBe(2)
  expect(forged.toString()).toBe('<message><body/></message>')
})

describe('other devices get a copy', () => {
  test.each([
    ['of a chat', message(BODY)],
    ['of a chat state', message("<composing xmlns='http://jabber.org/protocol/chatstates'/>")],
    ['of a normal message with a text', message(BODY, 'normal')],
    ['of a normal receipt', message("<received xmlns='urn:xmpp:receipts' id='1'/>", 'normal')],
    [
      'of an invitation through a room',
      message("<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>", 'normal'),
    ],
  ])('%s', (_, element) => {
    expect(isCarbonEligible(element)).toBe(true)
  })

  test.each([
    ['of a room message', message(BODY, 'groupchat')],
    ['of a headline', message(BODY, 'headline')],
    ['of an error, whatever text is in it', message(BODY, 'error')],
    ['of a private message in a room', message(`${BODY}<x xmlns='http://jabber.org/protocol/muc#user'/>`)],
    ['of what is private', message(`${BODY}<private xmlns='urn:xmpp:carbons:2'/>`)],
    ['of what is not to be copied', message(`${BODY}<no-copy xmlns='urn:xmpp:hints'/>`)],
    ['of an event', message("<event xmlns='http://jabber.org/protocol/pubsub#event'/>", 'normal')],
  ])('but not %s', (_, element) => {
    expect(isCarbonEligible(element)).toBe(false)
  })
})

test('the mark is removed before delivery', () => {
  const element = message("<private xmlns='urn:xmpp:carbons:2'/>")
  expect([stripPrivate(element), stripPrivate(element)]).toEqual([true, false])
})
