import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

// Calls are between clients: what the server does is to ring everywhere, to remember, and to let the session through.

const propose = (id: string) =>
  `<propose xmlns="urn:xmpp:jingle-message:0" id="${id}"><description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio"/></propose>`
const word = (name: string, id: string) => `<${name} xmlns="urn:xmpp:jingle-message:0" id="${id}"/>`
const message = (to: string, inside: string) =>
  `<message to="${to}" type="chat">${inside}<store xmlns="urn:xmpp:hints"/></message>`

test('I call bob: every device of his rings, one answers and the others stop, and the session is set up as we both say (XEP-0353 §3.1, §3.4, XEP-0166 §6.2, XEP-0167 §4, XEP-0176 §5, XEP-0320 §1, XEP-0293 §3, XEP-0294 §3, XEP-0338 §3, XEP-0339 §3)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  const [phone, desk] = [s.device('bob', 1), s.device('bob', 2)]
  for (const device of [s.alice, phone, desk]) {
    await device.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
    await device.available()
    device.received()
  }
  await s.alice.send(message('bob@im.test', propose('call')))
  for (const device of [phone, desk]) expect(device.received().join('')).toContain('<propose ')
  await phone.send(message('alice@im.test', word('proceed', 'call')))
  expect(s.alice.received().join('')).toContain('<proceed ')
  expect(desk.received().join('')).toMatch(/<sent xmlns="urn:xmpp:carbons:2">.*<proceed /)
  const { jid } = phone
  await phone.send(`<presence to="${s.alice.jid}"/>`)
  const description =
    '<description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio">' +
    '<payload-type id="97" name="opus"><rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="nack"/></payload-type>' +
    '<rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="1" uri="urn:ietf:params:rtp-hdrext:ssrc-audio-level"/>' +
    '<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="1656081975"><parameter name="cname" value="Yv/wvb"/></source>' +
    '</description>'
  const group = '<group xmlns="urn:xmpp:jingle:apps:grouping:0" semantics="BUNDLE"><content name="voice"/></group>'
  const transport =
    '<transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="8hhy" pwd="asd88fgpdd777uzjYhagZg">' +
    '<fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" hash="sha-256" setup="actpass">02:1A:CC:54</fingerprint></transport>'
  await s.alice.send(
    `<iq type="set" id="init" to="${jid}"><jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="call">` +
      `<content creator="initiator" name="voice">${description}${transport}</content>${group}</jingle></iq>`,
  )
  const offer = phone.received().join('')
  expect(offer).toContain('action="session-initiate"')
  expect(offer).toContain(description)
  expect(offer).toContain(transport)
  expect(offer).toContain(group)
  await phone.send(`<iq type="result" id="init" to="${s.alice.jid}"/>`)
  expect(s.alice.received().join('')).toContain('type="result"')
})

test('what two clients agree on about their streams arrives as it was said: feedback, header extensions, bundling, sources (XEP-0293 §3, XEP-0294 §3, XEP-0338 §3, XEP-0339 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await s.bob.send(`<presence to="${s.alice.jid}"/>`)
  s.bob.received()
  const parts = [
    '<description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video"><payload-type id="96" name="VP8">' +
      '<rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="nack" subtype="pli"/>' +
      '<rtcp-fb-trr-int xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" value="100"/></payload-type>' +
      '<rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" uri="urn:ietf:params:rtp-hdrext:toffset" id="2" senders="both"/>' +
      '<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="1656081975"><parameter name="cname" value="Yv/wvbCdsDW2Prgd"/></source>' +
      '<ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="1656081975"/></ssrc-group></description>',
    '<group xmlns="urn:xmpp:jingle:apps:grouping:0" semantics="BUNDLE"><content name="voice"/><content name="video"/></group>',
  ]
  const [description = '', group = ''] = parts
  await s.alice.send(
    `<iq type="set" id="init" to="${s.bob.jid}"><jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="call">` +
      `<content creator="initiator" name="video">${description}</content>${group}</jingle></iq>`,
  )
  const offer = s.bob.received().join('')
  for (const part of parts) expect(offer).toContain(part)
})

test('I was away when somebody called: the archive says who, and that the call is over (XEP-0353 §3.7)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send(message('bob@im.test', propose('missed')))
  await s.alice.send(message('bob@im.test', word('finish', 'missed')))
  await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  const archive = s.bob.received().join('')
  expect(archive.indexOf('<propose ')).toBeGreaterThan(-1)
  expect(archive.indexOf('<finish ')).toBeGreaterThan(archive.indexOf('<propose '))
})
