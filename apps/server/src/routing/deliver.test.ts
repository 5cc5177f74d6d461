import { C2S_LIMITS, MESSAGE_TYPES, parseElement, parseJid, stanzaFrom } from '@drawbridge/xmpp'
import type { MessageStanza, MessageType } from '@drawbridge/xmpp'
import { describe, expect, test } from 'vitest'
import type { Session } from '../stream/session.ts'
import { createAccounts } from './accounts.ts'
import { planDelivery } from './deliver.ts'
import type { Sessions } from './sessions.ts'

const FLAGS = { isAdmin: false, isBreakGlass: false, isDisabled: false }
const bob = createAccounts('im.test', [{ id: '1', localpart: 'bob', ...FLAGS }]).find('bob')

/** bob's sessions by resource, each with its priority; absent: bound, but not available. */
type Devices = Readonly<Record<string, number | undefined>>

function sessionsOf(devices: Devices): Pick<Sessions, 'of' | 'find'> {
  const list = Object.entries(devices).map(
    ([resource, priority]) => ({ jid: parseJid(`bob@im.test/${resource}`), priority }) as unknown as Session,
  )
  return {
    of: (bareJid) => (bareJid === 'bob@im.test' ? list : []),
    find: (jid) => list.find((session) => session.jid.equals(jid)),
  }
}

function message(type: MessageType, to: string): MessageStanza {
  const element = parseElement(`<message xmlns="jabber:client" type="${type}" to="${to}"/>`, C2S_LIMITS)
  return stanzaFrom(element, { from: parseJid('alice@im.test/1') }) as MessageStanza
}

/** Where it goes, in a word: resources, `archive`, `nobody`, or the error. */
function plan(type: MessageType, to: string, devices: Devices, account = bob): string {
  const delivery = planDelivery(message(type, to), account, sessionsOf(devices) as Sessions)
  if (delivery.to === 'sessions') return delivery.sessions.map(({ jid }) => jid.resourcepart).join(' ')
  return delivery.to === 'sender' ? delivery.condition : delivery.to
}

// RFC 6121 §8.5.4, table 1, with `archive` where the server may store a message for later (XEP-0160).
const HERE: Devices = { phone: 5, desk: 0, bot: -1, quiet: undefined }
const NOT_FOR_MESSAGES: Devices = { bot: -1, quiet: undefined }

const TABLE: readonly [situation: string, to: string, devices: Devices, expected: Record<MessageType, string>][] = [
  [
    'to the bare JID, with devices that take messages',
    'bob@im.test',
    HERE,
    {
      normal: 'phone desk',
      chat: 'phone desk',
      groupchat: 'service-unavailable',
      headline: 'phone desk',
      error: 'nobody',
    },
  ],
  [
    'to the bare JID, with none that takes messages',
    'bob@im.test',
    NOT_FOR_MESSAGES,
    { normal: 'archive', chat: 'archive', groupchat: 'service-unavailable', headline: 'nobody', error: 'nobody' },
  ],
  [
    'to the bare JID, with none at all',
    'bob@im.test',
    {},
    { normal: 'archive', chat: 'archive', groupchat: 'service-unavailable', headline: 'nobody', error: 'nobody' },
  ],
  [
    'to a full JID that is there',
    'bob@im.test/desk',
    HERE,
    { normal: 'desk', chat: 'desk', groupchat: 'desk', headline: 'desk', error: 'desk' },
  ],
  [
    'to a full JID with negative priority',
    'bob@im.test/bot',
    HERE,
    { normal: 'bot', chat: 'bot', groupchat: 'bot', headline: 'bot', error: 'bot' },
  ],
  [
    'to a full JID that is not available',
    'bob@im.test/quiet',
    HERE,
    { normal: 'quiet', chat: 'quiet', groupchat: 'quiet', headline: 'quiet', error: 'quiet' },
  ],
  [
    'to a full JID that is gone, with others there',
    'bob@im.test/old',
    HERE,
    {
      normal: 'service-unavailable',
      chat: 'phone desk',
      groupchat: 'service-unavailable',
      headline: 'service-unavailable',
      error: 'nobody',
    },
  ],
  [
    'to a full JID that is gone, and nobody there',
    'bob@im.test/old',
    {},
    {
      normal: 'service-unavailable',
      chat: 'archive',
      groupchat: 'service-unavailable',
      headline: 'service-unavailable',
      error: 'nobody',
    },
  ],
]

describe.each(TABLE)('%s', (_situation, to, devices, expected) => {
  test.each(MESSAGE_TYPES)('%s', (type) => {
    expect(plan(type, to, devices)).toBe(expected[type])
  })
})

test.each(MESSAGE_TYPES)('%s to somebody who does not exist, or is disabled: nobody can tell which', (type) => {
  const expected = type === 'error' ? 'nobody' : 'service-unavailable'
  for (const to of ['bob@im.test', 'bob@im.test/desk']) {
    expect(planDelivery(message(type, to), undefined, sessionsOf(HERE) as Sessions)).toMatchObject(
      expected === 'nobody' ? { to: 'nobody' } : { to: 'sender', condition: expected },
    )
  }
})
