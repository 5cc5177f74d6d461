import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

test('an old client establishes its session after binding, and that is fine (RFC 3921 §3)', async () => {
  await using s = await story({ alice: 1 })
  const payload = '<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>'
  for (const to of ['im.test', undefined]) {
    expect((await s.alice.ask('set', payload, to)).attrs['type']).toBe('result')
  }
  const [offered] = s.server.streams.streamFeatures().filter(({ name }) => name === 'session')
  expect(String(offered)).toBe('<session xmlns="urn:ietf:params:xml:ns:xmpp-session"><optional/></session>')
})
