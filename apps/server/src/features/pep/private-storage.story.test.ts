import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'

const query = (content: string) => `<query xmlns="jabber:iq:private">${content}</query>`

test('a user stores something and reads it on another device (XEP-0049 §3.1)', async () => {
  await using s = await story({ alice: 2, bob: 1 })
  const notes = '<notes xmlns="urn:example:notes"><note>Milk &amp; bread</note></notes>'

  expect((await s.alice.ask('set', query(notes))).attrs['type']).toBe('result')

  expect((await s.device('alice', 2).ask('get', query('<notes xmlns="urn:example:notes"/>'))).toString()).toContain(
    notes,
  )
  expect((await s.bob.ask('get', query('<notes xmlns="urn:example:notes"/>'), 'alice@im.test')).attrs['type']).toBe(
    'error',
  )
  expect((await s.bob.ask('get', query('<notes xmlns="urn:example:notes"/>'))).toString()).not.toContain('Milk')
})

test('what was never stored comes back empty (XEP-0049 §3.3)', async () => {
  await using s = await story({ alice: 1 })
  const answer = await s.alice.ask('get', query('<notes xmlns="urn:example:notes"/>'))
  expect(answer.attrs['type']).toBe('result')
  expect(answer.toString()).toContain('<notes xmlns="urn:example:notes"/>')
})

test.each([
  ['nothing', '', 'bad-request'],
  ['an element without a namespace of its own', '<notes/>', 'not-acceptable'],
  ['a very long element', `<notes xmlns="urn:example:notes">${'x'.repeat(65_536)}</notes>`, 'not-acceptable'],
])('storing %s is refused', async (_what, content, condition) => {
  await using s = await story({ alice: 1 })
  expect((await s.alice.ask('set', query(content))).toString()).toContain(`<${condition} `)
})

test('a client cannot fill the storage with ever new names', async () => {
  await using s = await story({ alice: 1 })
  const many = Array.from({ length: 201 }, (_, i) => `<n${i} xmlns="urn:example:notes"/>`).join('')
  expect((await s.alice.ask('set', query(many))).toString()).toContain('<resource-constraint ')
  expect((await s.alice.ask('set', query('<n1 xmlns="urn:example:notes"/>'))).attrs['type']).toBe('result')
})
