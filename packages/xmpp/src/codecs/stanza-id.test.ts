import { expect, test } from 'vitest'
import { xml } from '../element.ts'
import { addStanzaId, buildOriginId, findOriginId, findStanzaId, stripStanzaIds } from './stanza-id.ts'

test('SP-04 ids in our name are removed before we add ours', () => {
  const message = xml('message', {}, xml('body'))
  addStanzaId(message, { id: 'forged', by: 'alice@im.test' })
  addStanzaId(message, { id: 'forged too', by: 'alice@im.test' })
  addStanzaId(message, { id: 'theirs', by: 'room@rooms.other.test' })
  message.append(xml('stanza-id', { xmlns: 'urn:xmpp:sid:0', id: 'nobody' }))
  expect(stripStanzaIds(message, (by) => by.endsWith('@im.test'))).toBe(3)
  addStanzaId(message, { id: 'ours', by: 'alice@im.test' })
  expect(findStanzaId(message, 'alice@im.test')).toBe('ours')
  expect(findStanzaId(message, 'room@rooms.other.test')).toBe('theirs')
  expect(findStanzaId(message, 'bob@im.test')).toBeUndefined()
})

test('the origin id is the client’s own', () => {
  expect(findOriginId(xml('message', {}, buildOriginId('x')))).toBe('x')
  expect(findOriginId(xml('message'))).toBeUndefined()
})
