import { describe, expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import { REFUSED } from './refused.ts'

const IBB = `<open xmlns="http://jabber.org/protocol/ibb" block-size="4096" sid="s"/>`
const SOCKS = `<query xmlns="http://jabber.org/protocol/bytestreams" sid="s"><streamhost jid="x" host="h" port="1"/></query>`
const SI = `<si xmlns="http://jabber.org/protocol/si" id="s" profile="http://jabber.org/protocol/si/profile/file-transfer"/>`
const JINGLE_FILE = `<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s"><content creator="initiator" name="f"><description xmlns="urn:xmpp:jingle:apps:file-transfer:5"/></content></jingle>`

describe('refused by design', () => {
  test.each([
    ['in-band bytes (XEP-0047 §2.1)', IBB],
    ['SOCKS5 bytestreams (XEP-0065 §5)', SOCKS],
    ['stream initiation (XEP-0096 §3)', SI],
    ['Jingle file transfer (XEP-0234 §5)', JINGLE_FILE],
  ])('%s are refused with a sentence, and bob hears nothing of them', async (_name, payload) => {
    await using s = await story({ alice: 1, bob: 1 })
    const reply = await s.alice.ask('set', payload, s.bob.jid)
    const error = reply.getChild('error')
    expect(error?.getChild('not-allowed', 'urn:ietf:params:xml:ns:xmpp-stanzas')).toBeDefined()
    expect(error?.getChildText('text')).toContain('by upload')
    expect(s.bob.received()).toEqual([])
  })

  test.each(['im.test', 'alice@im.test'])(
    'privacy lists at %s name what takes their place (XEP-0016 §2.3)',
    async (to) => {
      await using s = await story({ alice: 1 })
      for (const type of ['get', 'set'] as const) {
        const reply = await s.alice.ask(type, '<query xmlns="jabber:iq:privacy"/>', to)
        expect(reply.getChild('error')?.getChild('service-unavailable')).toBeDefined()
        expect(reply.getChild('error')?.getChildText('text')).toContain('XEP-0191')
      }
    },
  )

  test('markup goes and the text stays (XEP-0071 §5)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.bob.available()
    s.bob.received()
    await s.alice.send(
      `<message to="bob@im.test" type="chat"><body>Hello</body><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><p>Hello <img src="https://evil.test/x.png"/></p></body></html></message>`,
    )
    const message = await s.bob.next(({ name }) => name === 'message')
    expect(message.getChildText('body')).toBe('Hello')
    expect(message.getChild('html')).toBeUndefined()
  })

  test('what a sender says of a link goes, with its image, and the link stays (XEP-0511 §3.1)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.bob.available()
    const link = 'https://the.link.example.com/what-was-linked-to'
    const described =
      '<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:og="https://ogp.me/ns#" ' +
      `rdf:about="${link}"><og:title>Your bank</og:title><og:image>https://evil.test/x.png</og:image>` +
      '<og:image>cid:sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org</og:image></rdf:Description>'
    await s.alice.send(`<message to="bob@im.test" type="chat" id="m"><body>${link}</body>${described}</message>`)
    const message = await s.bob.next(({ attrs }) => attrs['id'] === 'm')
    expect(message.getChildText('body')).toBe(link)
    expect(message.toString()).not.toMatch(/Description|bank|evil/)
    s.bob.received()
    await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
    expect(s.bob.received().join('')).not.toMatch(/Description|bank|evil/)
  })

  test('encrypted payloads come back with a sentence (XEP-0384 §5.6)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.alice.send(
      `<message to="bob@im.test" id="m" type="chat"><encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"/></encrypted></message>`,
    )
    const reply = await s.alice.next(({ attrs }) => attrs['id'] === 'm')
    expect(reply.getChild('error')?.getChild('policy-violation')).toBeDefined()
    expect(reply.getChild('error')?.getChildText('text')).toContain('turn it off')
  })

  test('nothing that is refused is advertised', async () => {
    await using s = await story({ alice: 1 })
    const claimed = s.server.ctx.disco
    const advertised = [...claimed.server, ...claimed.account].join(' ')
    for (const namespace of [
      'iq:privacy',
      'protocol/ibb',
      'bytestreams',
      'protocol/si',
      'compress',
      'xhtml-im',
      'omemo',
    ]) {
      expect(advertised).not.toContain(namespace)
    }
    const { FEATURES } = await import('./index.ts')
    const implemented = new Set(FEATURES.flatMap((feature) => feature.implements.map(({ xep }) => xep)))
    expect(REFUSED.flatMap(({ xeps }) => xeps).filter((xep) => implemented.has(xep))).toEqual([])
  })
})
