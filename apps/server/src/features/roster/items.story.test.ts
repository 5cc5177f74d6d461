import { countPresenceRequests } from '@drawbridge/db'
import { describe, expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

// RFC 6121 §2: what a client may do to its roster, and what it hears of it. Subscriptions are in subscription.story.test.ts.

const query = (content = '') => `<query xmlns="jabber:iq:roster">${content}</query>`
const set = (device: Device, item: string) => device.ask('set', query(item))
const rosterOf = async (device: Device) => (await device.ask('get', query())).toString()
const pushes = (device: Device) => device.received().filter((text) => text.includes('jabber:iq:roster'))

describe('a roster get (RFC 6121 §2.2)', () => {
  test('has every item with name, subscription and groups, and none for an account without contacts', async () => {
    await using s = await story({ alice: 1 })
    expect(await rosterOf(s.alice)).toContain('<query xmlns="jabber:iq:roster"/>')
    await set(s.alice, '<item jid="bob@im.test" name="Bob"><group>Friends</group><group>Work</group></item>')
    await set(s.alice, '<item jid="carol@im.test"/>')
    const roster = await rosterOf(s.alice)
    expect(roster).toContain(
      '<item jid="bob@im.test" name="Bob" subscription="none"><group>Friends</group><group>Work</group></item>',
    )
    expect(roster).toContain('<item jid="carol@im.test" subscription="none"/>')
  })

  test('comes from the account itself, so that nobody else can be taken for it (§2.1.6)', async () => {
    await using s = await story({ alice: 1 })
    const answer = await s.alice.ask('get', query(), 'alice@im.test')
    expect(answer.attrs['from']).toBe('alice@im.test')
    expect((await s.alice.ask('get', query())).attrs['from']).toBeUndefined()
  })
})

describe('a roster set (RFC 6121 §2.3, §2.4)', () => {
  test.each([
    ['a subscription', 'subscription="both"'],
    ['a subscription of another kind', 'subscription="from"'],
    ['a request', 'ask="subscribe"'],
    ['an approval', 'approved="true"'],
    ['an unknown subscription', 'subscription="always"'],
  ])('%s is not for the client to set: it is ignored (§2.1.2, §2.3.3, SP-05)', async (_what, attribute) => {
    await using s = await story({ alice: 1 })
    expect((await set(s.alice, `<item jid="bob@im.test" ${attribute}/>`)).attrs['type']).toBe('result')
    expect(await rosterOf(s.alice)).toContain('<item jid="bob@im.test" subscription="none"/>')
  })

  test('an update keeps the subscription and replaces name and groups as a whole (§2.4.1)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.alice.send('<presence type="subscribe" to="bob@im.test"/>')
    await s.bob.send('<presence type="subscribed" to="alice@im.test"/>')
    await set(s.alice, '<item jid="bob@im.test" name="Bob"><group>Work</group></item>')
    expect(await rosterOf(s.alice)).toContain('name="Bob" subscription="to"><group>Work</group>')
    await set(s.alice, '<item jid="bob@im.test"><group>Friends</group></item>')
    expect(await rosterOf(s.alice)).toContain('<item jid="bob@im.test" subscription="to"><group>Friends</group></item>')
    await set(s.alice, '<item jid="bob@im.test" name=""/>')
    expect(await rosterOf(s.alice)).toContain('<item jid="bob@im.test" subscription="to"/>')
  })

  test('an address is the same contact however it is written (RFC 7622)', async () => {
    await using s = await story({ alice: 1 })
    await set(s.alice, '<item jid="Bob@IM.test" name="one"/>')
    await set(s.alice, '<item jid="\uff42ob@im.test" name="two"/>')
    expect((await rosterOf(s.alice)).match(/<item /g)).toHaveLength(1)
  })

  test('a push goes to every device that has asked for the roster, the one that made the change too (§2.1.6)', async () => {
    await using s = await story({ alice: 3 })
    for (const n of [1, 2]) await rosterOf(s.device('alice', n))
    await set(s.alice, '<item jid="bob@im.test"/>')
    expect([1, 2, 3].map((n) => pushes(s.device('alice', n)).length)).toEqual([1, 1, 0])
  })

  test('each push has one item, an id of its own, and the address of its device (§2.1.6)', async () => {
    await using s = await story({ alice: 2 })
    for (const n of [1, 2]) await rosterOf(s.device('alice', n))
    await set(s.alice, '<item jid="bob@im.test"/>')
    await set(s.alice, '<item jid="carol@im.test"/>')
    const all = [1, 2].flatMap((n) => pushes(s.device('alice', n)))
    expect(all.map((text) => text.match(/<item /g)?.length)).toEqual([1, 1, 1, 1])
    expect(new Set(all.map((text) => / id="([^"]+)"/.exec(text)?.[1])).size).toBe(4)
    expect(all.map((text) => / to="([^"]+)"/.exec(text)?.[1])).toEqual([
      'alice@im.test/1',
      'alice@im.test/1',
      'alice@im.test/2',
      'alice@im.test/2',
    ])
    expect(all.join()).not.toContain('from=')
  })

  test('the answer of a client to a push reaches nobody (§2.1.6)', async () => {
    await using s = await story({ alice: 2 })
    await s.alice.send('<iq type="result" id="push-1"/>')
    await s.alice.send('<iq type="result" id="push-1" to="alice@im.test"/>')
    expect([1, 2].flatMap((n) => s.device('alice', n).received())).toEqual([])
  })

  test('SP-05 what looks like a push of somebody else’s is refused, not passed on (CVE-2015-8688)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.bob.available()
    await s.bob.send('<presence to="alice@im.test/1"/>')
    s.bob.received()
    s.alice.received()
    const forged = await s.alice.ask('set', query('<item jid="mallory@im.test" subscription="both"/>'), 'bob@im.test')
    expect(forged.toString()).toContain('<forbidden ')
    expect(s.bob.received()).toEqual([])
    expect(await rosterOf(s.bob)).not.toContain('mallory')
  })

  test('removal is told as an item with the subscription "remove" and nothing else (§2.5.2)', async () => {
    await using s = await story({ alice: 1 })
    await rosterOf(s.alice)
    await set(s.alice, '<item jid="bob@im.test" name="Bob"><group>Work</group></item>')
    s.alice.received()
    await set(s.alice, '<item jid="bob@im.test" subscription="remove"/>')
    expect(pushes(s.alice)[0]).toMatch(/<item jid="bob@im\.test"[^>]* subscription="remove"/)
    expect(await rosterOf(s.alice)).toContain('<query xmlns="jabber:iq:roster"/>')
  })
})

describe('limits', () => {
  test('DS-19 a roster has so many contacts, by hand and by asking; what is there can still be changed', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    const { limits } = s.server.ctx
    Object.assign(limits, { maxRosterItems: 2 })
    await set(s.alice, '<item jid="c1@im.test"/>')
    await set(s.alice, '<item jid="c2@im.test"/>')
    expect((await set(s.alice, '<item jid="c3@im.test"/>')).toString()).toContain('<resource-constraint ')
    await s.alice.send('<presence type="subscribe" to="bob@im.test"/>')
    expect(s.alice.received().join()).toContain('<resource-constraint ')
    expect((await set(s.alice, '<item jid="c1@im.test" name="first"/>')).attrs['type']).toBe('result')
    await set(s.alice, '<item jid="c1@im.test" subscription="remove"/>')
    expect((await set(s.alice, '<item jid="c3@im.test"/>')).attrs['type']).toBe('result')
  })

  test('DS-19 so many requests wait for an answer, and one more is not heard of until another is answered', async () => {
    await using s = await story(
      { bob: 1, ann: 1, cid: 1, dan: 1 },
      { settings: { limits: { maxPresenceRequests: 2 } } },
    )
    await s.bob.available()
    const ask = (device: Device) => device.send('<presence type="subscribe" to="bob@im.test"/>')
    for (const device of [s.ann, s.cid, s.dan]) await ask(device)
    const asked = () =>
      s.bob
        .received()
        .flatMap(
          (text) =>
            /type="subscribe" .*?from="(\w+)@|from="(\w+)@.*?type="subscribe"/.exec(text)?.slice(1).find(Boolean) ?? [],
        )
    expect(asked()).toEqual(['ann', 'cid'])
    // The same request again takes no further place.
    await ask(s.ann)
    await s.bob.send('<presence type="unsubscribed" to="ann@im.test"/>')
    s.bob.received()
    await ask(s.dan)
    const { db, accounts } = s.server.ctx
    expect(await countPresenceRequests(db, accounts.find('bob')!.id)).toBe(2)
    expect(await countPresenceRequests(db)).toBe(2)
  })

  test.each([
    ['a name of 1,024 characters', `name="${'x'.repeat(1_024)}"`, ''],
    ['a group of 1,024 characters', '', `<group>${'x'.repeat(1_024)}</group>`],
    ['101 groups', '', Array.from({ length: 101 }, (_, n) => `<group>g${n}</group>`).join('')],
    ['a group without a name', '', '<group/>'],
  ])('DS-19 %s is not acceptable (§2.3.3)', async (_what, attribute, groups) => {
    await using s = await story({ alice: 1 })
    const answer = await set(s.alice, `<item jid="bob@im.test" ${attribute}>${groups}</item>`)
    expect(answer.toString()).toContain('<not-acceptable ')
    expect(await rosterOf(s.alice)).not.toContain('bob')
  })
})
