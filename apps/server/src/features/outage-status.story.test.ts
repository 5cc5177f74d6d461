import { findForm } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

test('a client learns where to look when the service is away (XEP-0455 §3.1)', async () => {
  await using s = await story({ alice: 1 })
  const reply = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'im.test')
  const query = reply.getChild('query')!
  expect(findForm(query, 'urn:xmpp:sos:0')?.values.get('external-status-addresses')).toEqual([
    'http://im.test/status.json',
  ])
})
