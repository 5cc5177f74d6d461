import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

const PING = '<ping xmlns="urn:xmpp:ping"/>'

test('a user pings the server, with or without an address, and gets an empty result (XEP-0199 §4.2)', async () => {
  await using s = await story({ alice: 1 })

  for (const to of ['im.test', 'alice@im.test', undefined]) {
    const answer = await s.alice.ask('get', PING, to)
    expect(answer.attrs).toMatchObject({ type: 'result' })
    expect(answer.children).toEqual([])
  }
})

test('a ping to another account says nothing of whether it exists (RFC 6121 §8.5.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const [known, unknown] = [
    await s.alice.ask('get', PING, 'bob@im.test'),
    await s.alice.ask('get', PING, 'nobody@im.test'),
  ]
  expect(known.getChild('error')?.toString()).toContain('<service-unavailable ')
  expect(unknown.getChild('error')?.toString()).toBe(known.getChild('error')?.toString())
})
