import { findPresenceRequest, findRosterItem } from '@drawbridge/db'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasFrom, hasTo } from '../../routing/rosters.ts'
import { story } from '../../../test/story.ts'
import type { Device, Story } from '../../../test/story.ts'
import { INBOUND, nameOf, OUTBOUND, STATES, stateOf } from '../../../test/subscription-tables.ts'
import type { SubscriptionRow } from '../../../test/subscription-tables.ts'
import type { SubscriptionState, SubscriptionType } from './subscription.ts'

// RFC 6121 §3 and appendix A through the real server: all states × all stanzas, in both directions. Both people have a
// device that has the roster and is available, one that is only available, and one that only has the roster.

const DEVICES = ['both', 'available', 'interested'] as const
type Person = 'alice' | 'bob'
/** The state that a contact is in when the user is in this one. */
const MIRROR: Readonly<Record<string, string>> = {
  None: 'None',
  'None + Pending Out': 'None + Pending In',
  'None + Pending In': 'None + Pending Out',
  'None + Pending Out/In': 'None + Pending Out/In',
  To: 'From',
  'To + Pending In': 'From + Pending Out',
  From: 'To',
  'From + Pending Out': 'To + Pending In',
  Both: 'Both',
}
/** The sender's state in which a stanza is routed, so that only the recipient's decides. */
const SENDS_FROM: Readonly<Record<SubscriptionType, string>> = {
  subscribe: 'None',
  unsubscribe: 'None',
  subscribed: 'None + Pending In',
  unsubscribed: 'From',
}

let s: Story<never>
const devices: Record<Person, Record<(typeof DEVICES)[number], Device>> = { alice: {}, bob: {} } as never

beforeAll(async () => {
  s = await story({})
  for (const person of ['alice', 'bob'] as const) {
    for (const kind of DEVICES) {
      const device = await s.connect(person, kind)
      devices[person][kind] = device
      if (kind !== 'available') await device.ask('get', '<query xmlns="jabber:iq:roster"/>')
      if (kind !== 'interested') await device.available()
    }
  }
})

afterAll(() => s[Symbol.asyncDispose]())

beforeEach(async () => {
  await put('alice', 'None')
  await put('bob', 'None')
})

const jidOf = (person: Person) => `${person}@im.test`
const other = (person: Person): Person => (person === 'alice' ? 'bob' : 'alice')
const accountOf = (person: Person) => s.server.ctx.accounts.find(person)!

/** Puts a person's side of the relation into a state, and forgets what everybody has received so far. */
async function put(person: Person, state: string, isApproved = false): Promise<void> {
  const { hasTo: to, hasFrom: from, isAsk, isPendingIn } = stateOf(state)
  const contact = jidOf(other(person))
  const subscription = to ? (from ? 'both' : 'to') : from ? 'from' : 'none'
  const isItem = to || from || isAsk || isApproved
  await s.server.ctx.rosters.change([accountOf(person)], async (change) => {
    const item = { name: null, groups: [], isAsk, isApproved }
    await change.put(accountOf(person), contact, { ...item, subscription: isItem ? subscription : 'remove' })
    if (isPendingIn) await change.putRequest(accountOf(person), contact, request(contact, jidOf(person)))
    else await change.deleteRequest(accountOf(person), contact)
  })
  for (const kind of DEVICES) for (const who of ['alice', 'bob'] as const) devices[who][kind].received()
}

const request = (from: string, to: string) =>
  `<presence xmlns="jabber:client" type="subscribe" from="${from}" to="${to}"/>`

/** What is stored: the name of the state, and whether the contact is approved. */
async function stateIn(person: Person): Promise<SubscriptionState> {
  const { db } = s.server.ctx
  const item = await findRosterItem(db, accountOf(person).id, jidOf(other(person)))
  const isPendingIn = (await findPresenceRequest(db, accountOf(person).id, jidOf(other(person)))) !== undefined
  const { isAsk = false, isApproved = false } = item ?? {}
  return { hasTo: hasTo(item), hasFrom: hasFrom(item), isAsk, isPendingIn, isApproved }
}

async function nameIn(person: Person): Promise<string | undefined> {
  return nameOf(await stateIn(person))
}

/** A state as the roster shows it: a request that waits for an answer is not part of it (§3.1.3). */
function shownOf(state: string): string {
  const { hasTo: to, hasFrom: from, isAsk } = stateOf(state)
  return `subscription="${to ? (from ? 'both' : 'to') : from ? 'from' : 'none'}"${isAsk ? ' ask="subscribe"' : ''}`
}

interface Heard {
  /** Stanzas of the types of a subscription, by the device that got them. */
  readonly stanzas: Record<string, string[]>
  readonly pushes: Record<string, string[]>
  readonly presence: Record<string, string[]>
}

function heard(person: Person): Heard {
  const all = Object.fromEntries(DEVICES.map((kind) => [kind, devices[person][kind].received()]))
  const pick = (pattern: RegExp, group: number) =>
    Object.fromEntries(
      Object.entries(all).map(([kind, texts]) => [kind, texts.flatMap((text) => pattern.exec(text)?.[group] ?? [])]),
    )
  const contact = jidOf(other(person))
  return {
    stanzas: pick(/^<presence (?=.*type="((?:un)?subscribed?)")/, 1),
    pushes: pick(/<item [^>]*(subscription="[^>/]*?)\s*\/?>/, 1),
    presence: pick(new RegExp(`^<presence (?:type="(unavailable)" )?[^>]*from="(${contact}/[^"]*)"`), 2),
  }
}

const NOBODY = { both: [], available: [], interested: [] }
const toInterested = (...texts: string[]) => ({ both: texts, available: [], interested: texts })
const toAvailable = (...texts: string[]) => ({ both: texts, available: texts, interested: [] })
const pushed = (before: string, after: string) =>
  shownOf(before) === shownOf(after) ? NOBODY : toInterested(shownOf(after))

const send = (person: Person, type: SubscriptionType) =>
  devices[person].both.send(`<presence type="${type}" to="${jidOf(other(person))}"/>`)

/** The line of A.3 for a stanza that arrives. */
const arriving = (type: SubscriptionType, before: string): SubscriptionRow =>
  INBOUND.find((row) => row.type === type && row.before === before)!

test('the tables have all states and all stanzas', () => {
  const all = Object.keys(STATES).length * 4
  expect([OUTBOUND.length, INBOUND.length]).toEqual([all, all])
})

describe('SP-17 a user sends (RFC 6121 §A.2)', () => {
  test.each(OUTBOUND)('$type in "$before": then "$after", routed: $passes', async ({ type, before, passes, after }) => {
    const mirrored = MIRROR[before]!
    await put('alice', before)
    await put('bob', mirrored)

    await send('alice', type)

    // The sender's own request may have been answered at once: who is subscribed already is told so again (§3.1.3).
    const arrived = passes ? arriving(type, mirrored) : undefined
    const isAnswered = type === 'subscribe' && stateOf(mirrored).hasFrom && stateOf(after).isAsk
    expect(await nameIn('alice')).toBe(isAnswered ? nameOf({ ...stateOf(after), isAsk: false, hasTo: true }) : after)
    expect(await nameIn('bob')).toBe(arrived?.after ?? mirrored)

    const alice = heard('alice')
    expect(alice.pushes).toEqual(
      approves(type, before) ? toInterested(`${shownOf(after)} approved="true"`) : pushed(before, after),
    )
    const bob = heard('bob')
    expect(bob.pushes).toEqual(arrived ? pushed(mirrored, arrived.after) : NOBODY)
    const reach = type === 'subscribe' ? toAvailable : toInterested
    expect(bob.stanzas).toEqual(arrived?.passes ? reach(type) : NOBODY)
  })
})

/** §3.4.2: yes before the question is kept. */
function approves(type: SubscriptionType, before: string): boolean {
  return type === 'subscribed' && !stateOf(before).isPendingIn && !stateOf(before).hasFrom
}

describe('SP-17 a contact sends (RFC 6121 §A.3)', () => {
  test.each(INBOUND)(
    '$type in "$before": then "$after", delivered: $passes',
    async ({ type, before, passes, after }) => {
      await put('alice', SENDS_FROM[type])
      await put('bob', before)

      await send('alice', type)

      expect(await nameIn('bob')).toBe(after)
      const bob = heard('bob')
      const reach = type === 'subscribe' ? toAvailable : toInterested
      expect(bob.stanzas).toEqual(passes ? reach(type) : NOBODY)
      expect(bob.pushes).toEqual(pushed(before, after))
    },
  )

  test('who is subscribed is told so again, and nobody is asked (§3.1.3)', async () => {
    await put('bob', 'From')
    await send('alice', 'subscribe')
    expect(await nameIn('alice')).toBe('To')
    expect(heard('alice').stanzas).toEqual(toInterested('subscribed'))
    expect(heard('bob').stanzas).toEqual(NOBODY)
  })
})

describe('what follows a change (RFC 6121 §3.1.5, §3.2, §3.3)', () => {
  const SEEN = ['bob@im.test/both', 'bob@im.test/available']

  test('an approval shows the contact to every available device, after the answer', async () => {
    await put('alice', 'None + Pending Out')
    await put('bob', 'None + Pending In')
    await send('bob', 'subscribed')
    expect(heard('alice').presence).toEqual({ both: SEEN, available: SEEN, interested: [] })
  })

  test.each([
    ['bob cancels', 'bob', 'unsubscribed'],
    ['alice unsubscribes', 'alice', 'unsubscribe'],
  ] as const)('when %s, bob is seen to leave', async (_what, who, type) => {
    await put('alice', 'To')
    await put('bob', 'From')
    await send(who, type)
    const texts = devices.alice.both.received().filter((text) => text.includes('type="unavailable"'))
    expect(texts.map((text) => /from="([^"]*)"/.exec(text)?.[1])).toEqual(SEEN)
  })
})

describe('pre-approval (RFC 6121 §3.4)', () => {
  test('is answered at once by the server, is pushed, and stays for the next time', async () => {
    await send('bob', 'subscribed')
    expect(heard('bob').pushes).toEqual(toInterested('subscription="none" approved="true"'))
    expect(heard('alice')).toEqual({ stanzas: NOBODY, pushes: NOBODY, presence: NOBODY })

    await send('alice', 'subscribe')

    expect([await nameIn('alice'), await nameIn('bob')]).toEqual(['To', 'From'])
    const alice = heard('alice')
    expect(alice.stanzas).toEqual(toInterested('subscribed'))
    const bob = heard('bob')
    expect(bob.stanzas).toEqual(NOBODY)
    expect(bob.pushes).toEqual(toInterested('subscription="from" approved="true"'))
    expect((await stateIn('bob')).isApproved).toBe(true)
  })

  test('is taken back by "unsubscribed", without a word to the contact (§3.4.2)', async () => {
    await put('bob', 'None', true)
    await send('bob', 'unsubscribed')
    expect((await stateIn('bob')).isApproved).toBe(false)
    expect(heard('bob').pushes).toEqual(toInterested('subscription="none"'))
    expect(heard('alice').stanzas).toEqual(NOBODY)
    await send('alice', 'subscribe')
    expect(heard('bob').stanzas).toEqual(toAvailable('subscribe'))
  })
})

describe('a request that waits (RFC 6121 §3.1.3)', () => {
  test('comes again whenever a device becomes available, and is no part of the roster', async () => {
    await send('alice', 'subscribe')
    expect(heard('bob').stanzas).toEqual(toAvailable('subscribe'))
    const { interested } = devices.bob
    expect((await interested.ask('get', '<query xmlns="jabber:iq:roster"/>')).toString()).not.toContain('alice')
    for (const _time of [1, 2]) {
      await interested.available()
      expect(interested.received().join('')).toContain('type="subscribe"')
      await interested.send('<presence type="unavailable"/>')
      interested.received()
    }
  })

  test('is one, however often it is made', async () => {
    await send('alice', 'subscribe')
    heard('bob')
    await send('alice', 'subscribe')
    expect(heard('bob').stanzas).toEqual(NOBODY)
    expect(heard('alice').pushes).toEqual(toInterested('subscription="none" ask="subscribe"'))
  })
})
