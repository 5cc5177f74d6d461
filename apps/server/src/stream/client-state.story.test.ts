import { describe, expect, test } from 'vitest'
import { story } from '../../test/story.ts'

// XEP-0352: Client State Indication. What waits and what does not is a table of client-state.test.ts.

const STATE = '<composing xmlns="http://jabber.org/protocol/chatstates"/>'
const PING = '<iq type="get" id="p" to="im.test"><ping xmlns="urn:xmpp:ping"/></iq>'

describe('a client that nobody looks at', () => {
  test('gets the presence that counts before the message that cannot wait (XEP-0352 §3.2)', async () => {
    await using s = await story({ alice: 2 })
    await s.alice.available()
    await s.device('alice', 2).available()
    s.alice.received()
    s.alice.session.setActive(false)
    await s.device('alice', 2).send('<presence><show>away</show></presence>')
    await s.device('alice', 2).send('<presence><show>dnd</show></presence>')
    expect(s.alice.received()).toEqual([])
    await s.device('alice', 2).send('<message to="alice@im.test/1" type="chat"><body>look</body></message>')
    const got = s.alice.received()
    expect(got).toHaveLength(2)
    expect(got[0]).toContain('<show>dnd</show>')
    expect(got[1]).toContain('<body>look</body>')
  })

  test('is sent what waited before the answer to what it asks next (XEP-0352 §5.1)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.alice.available()
    s.alice.received()
    s.alice.session.setActive(false)
    await s.bob.send(`<message to="alice@im.test/1" type="chat">${STATE}</message>`)
    expect(s.alice.received()).toEqual([])
    s.alice.session.setActive(true)
    await s.alice.send(PING)
    const got = s.alice.received()
    expect(got[0]).toContain('<composing')
    expect(got[1]).toContain('id="p"')
  })

  test('is available to its contacts as before: nobody learns that it is not looked at (XEP-0352 §5, §6)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.bob.send('<presence to="alice@im.test" type="subscribe"/>')
    await s.alice.send('<presence to="bob@im.test" type="subscribed"/>')
    await s.bob.available()
    await s.alice.available()
    s.bob.received()
    s.alice.session.setActive(false)
    await s.bob.send('<message to="alice@im.test/1" type="chat"><body>there?</body></message>')
    expect(s.bob.received()).toEqual([])
    expect(s.alice.session.presence).toBeDefined()
  })

  test('still gets calls, requests and errors at once', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.alice.available()
    await s.alice.send(`<presence to="${s.bob.jid}"/>`)
    s.alice.received()
    s.alice.session.setActive(false)
    await s.bob.send('<message to="alice@im.test/1"><propose xmlns="urn:xmpp:jingle-message:0" id="call"/></message>')
    await s.bob.send('<iq type="get" id="v" to="alice@im.test/1"><query xmlns="jabber:iq:version"/></iq>')
    const got = s.alice.received()
    expect(got[0]).toContain('<propose')
    expect(got[1]).toContain('id="v"')
  })
})
