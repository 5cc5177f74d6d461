import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

const chat = (to: string, inside: string) => `<message type="chat" to="${to}" id="m1">${inside}</message>`

// Who gets a message is in routing/delivery-rules.story.test.ts.

test('the sender is told that its message is held, and until then nobody else gets it (control §4.2, §4.4)', async () => {
  await using s = await story({ alice: 2, bob: 2 })
  const { operations } = s.server.policy
  for (const device of [s.bob, s.device('bob', 2), s.device('alice', 2)]) {
    await device.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
    await device.available()
    device.received()
  }
  const { suspension } = await operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'hold',
    reason: 'drill',
  })
  for (const device of [s.alice, s.bob, s.device('bob', 2), s.device('alice', 2)]) device.received()

  await s.alice.send(chat('bob@im.test/1', '<body>later</body><origin-id xmlns="urn:xmpp:sid:0" id="o1"/>'))

  const told = s.alice.received().join('')
  expect(told).toContain('type="headline" from="im.test"')
  expect(told).toContain(`<held xmlns="urn:drawbridge:suspension:1" id="o1" stanza-id="`)
  expect(s.device('alice', 2).received().join('')).toContain('<sent xmlns="urn:xmpp:carbons:2">')
  expect([s.bob, s.device('bob', 2)].map((device) => device.received().join(''))).toEqual(['', ''])

  await operations.endSuspension('local:cli', suspension.id)
  await s.bob.next((element) => element.getChildText('body') === 'later')
})
