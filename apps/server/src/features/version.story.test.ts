import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

test('a user asks which software the server is, and learns nothing of its operating system (XEP-0092 §4)', async () => {
  await using s = await story({ alice: 1 })
  const query = (await s.alice.ask('get', '<query xmlns="jabber:iq:version"/>', 'im.test')).getChild('query')
  expect(query?.getChildText('name')).toBe('Drawbridge')
  expect(query?.getChildText('version')).toMatch(/^\d+\.\d+\.\d+/)
  expect(query?.getChild('os')).toBeUndefined()
})
