import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

const DISCO = '<query xmlns="http://jabber.org/protocol/disco#info"/>'

test('whoever needs help finds out whom to ask (XEP-0157 §2, XEP-0128 §2)', async () => {
  await using s = await story(
    { alice: 1 },
    { settings: { contacts: { abuse: 'mailto:abuse@im.test xmpp:abuse@im.test', support: ['https://im.test/help'] } } },
  )
  const answer = (await s.alice.ask('get', DISCO, 'im.test')).toString()
  expect(answer).toContain(
    '<x xmlns="jabber:x:data" type="result">' +
      '<field var="FORM_TYPE" type="hidden"><value>http://jabber.org/network/serverinfo</value></field>' +
      '<field var="abuse-addresses" type="list-multi"><value>mailto:abuse@im.test</value><value>xmpp:abuse@im.test</value></field>' +
      '<field var="support-addresses" type="list-multi"><value>https://im.test/help</value></field></x>',
  )
})

test('a server without addresses says nothing of them (XEP-0157 §2)', async () => {
  await using s = await story({ alice: 1 })
  expect((await s.alice.ask('get', DISCO, 'im.test')).toString()).not.toContain('serverinfo')
})

test('addresses are URIs, or the server does not start', async () => {
  await expect(story({}, { settings: { contacts: { abuse: 'abuse' } } })).rejects.toThrow('mailto:')
})
