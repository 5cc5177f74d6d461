import { describe, expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { isBareChatState } from './chat-state.ts'
import { isDurable } from './durable.ts'

const message = (content: string, type = 'chat') =>
  parseElement(`<message xmlns='jabber:client' type='${type}'>${content}</message>`, C2S_LIMITS)

const BODY = '<body>hi</body>'
const ACTIVE = "<active xmlns='http://jabber.org/protocol/chatstates'/>"

describe('a message is durable with', () => {
  test.each([
    ['a text', BODY],
    ['a text and a chat state', BODY + ACTIVE],
    ['a subject', '<subject>New</subject>'],
    ['OMEMO', "<encrypted xmlns='eu.siacs.conversations.axolotl'/>"],
    ['OMEMO 2', "<encrypted xmlns='urn:xmpp:omemo:2'/>"],
    ['OpenPGP', "<openpgp xmlns='urn:xmpp:openpgp:0'/>"],
    ['a file by OOB', "<x xmlns='jabber:x:oob'><url>https://im.test/f</url></x>"],
    ['a file by SFS', "<file-sharing xmlns='urn:xmpp:sfs:0'/>"],
    ['a file by SIMS', "<media-sharing xmlns='urn:xmpp:sims:1'/>"],
    ['a correction', "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>"],
    ['a reaction', "<reactions xmlns='urn:xmpp:reactions:0' id='1'/>"],
    ['a displayed marker', "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"],
    ['an invitation', "<x xmlns='jabber:x:conference' jid='room@im.test'/>"],
    ['a mediated invitation', "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>"],
    ['a hint to store', "<received xmlns='urn:xmpp:receipts' id='1'/><store xmlns='urn:xmpp:hints'/>"],
  ])('%s', (_, content) => {
    expect(isDurable(message(content))).toBe(true)
    expect(isDurable(message(content, 'normal'))).toBe(true)
    expect(isDurable(message(content, 'groupchat'))).toBe(true)
    expect(isDurable(message(content, 'unknown'))).toBe(true)
    expect(isDurable(message(content, 'error'))).toBe(false)
    expect(isDurable(message(content, 'headline'))).toBe(false)
    expect(isDurable(message(`${content}<no-store xmlns='urn:xmpp:hints'/>`))).toBe(false)
    expect(isDurable(message(`${content}<no-permanent-store xmlns='urn:xmpp:hints'/>`))).toBe(false)
  })
})

test('a retraction is kept even if its sender asks for the contrary (XEP-0424 §5)', () => {
  for (const retraction of [
    "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>",
    "<apply-to xmlns='urn:xmpp:fasten:0' id='1'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
  ]) {
    expect(isDurable(message(retraction))).toBe(true)
    expect(isDurable(message(`<no-store xmlns='urn:xmpp:hints'/>${retraction}`))).toBe(true)
    expect(isDurable(message(retraction, 'error'))).toBe(false)
  }
})

describe('a message is not durable with', () => {
  test.each([
    ['nothing', ''],
    ['a chat state', ACTIVE],
    ['a chat state to be stored', `${ACTIVE}<store xmlns='urn:xmpp:hints'/>`],
    ['a receipt', "<received xmlns='urn:xmpp:receipts' id='1'/>"],
    ['a request for a receipt', "<request xmlns='urn:xmpp:receipts'/>"],
    ['the offer of markers', "<markable xmlns='urn:xmpp:chat-markers:0'/>"],
    ['an id', "<origin-id xmlns='urn:xmpp:sid:0' id='1'/>"],
    ['a body in a foreign namespace', "<body xmlns='urn:x'>hi</body>"],
    ['something unknown', "<x xmlns='urn:x'/>"],
  ])('%s', (_, content) => {
    expect(isDurable(message(content))).toBe(false)
  })
})

test('a bare chat state may come with ids, hints and a thread', () => {
  const rest = "<thread>t</thread><no-store xmlns='urn:xmpp:hints'/><origin-id xmlns='urn:xmpp:sid:0' id='1'/>"
  expect(isBareChatState(message(ACTIVE + rest))).toBe(true)
  expect(isBareChatState(message(ACTIVE + BODY))).toBe(false)
  expect(isBareChatState(message("<received xmlns='urn:xmpp:receipts' id='1'/>"))).toBe(false)
})
