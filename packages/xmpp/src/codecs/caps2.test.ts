import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { buildCapsHashes, buildCapsHashInput, capsHashNode, findCapsHashes } from './caps2.ts'

const info = (content: string) =>
  parseElement(`<query xmlns="http://jabber.org/protocol/disco#info">${content}</query>`, C2S_LIMITS)
const feature = (name: string) => `<feature var="${name}"/>`

test('the simple example of XEP-0390 §4.5.1 has the hashes that stand there', () => {
  const jabber = ['si', 'bytestreams', 'chatstates', 'disco#info', 'disco#items', 'rosterx', 'ibb']
  const query = info(
    '<identity category="client" name="BombusMod" type="mobile"/>' +
      [...jabber, 'si/profile/file-transfer'].map((name) => feature(`http://jabber.org/protocol/${name}`)).join('') +
      ['time', 'privacy', 'version', 'roster', 'last'].map((name) => feature(`jabber:iq:${name}`)).join('') +
      ['urn:xmpp:ping', 'urn:xmpp:time', 'jabber:x:oob', 'urn:xmpp:receipts'].map(feature).join(''),
  )
  const hash = (algorithm: string) => createHash(algorithm).update(buildCapsHashInput(query)!).digest('base64')
  expect(hash('sha256')).toBe('kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=')
  expect(hash('sha3-256')).toBe('79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q=')
})

test('forms are hashed with their type, fields and values sorted (XEP-0390 §4.1)', () => {
  const form =
    '<x xmlns="jabber:x:data" type="result"><field var="os"><value>b</value><value>a</value></field>' +
    '<field var="FORM_TYPE" type="hidden"><value>urn:x</value></field></x>'
  expect(buildCapsHashInput(info(`<identity category="c" type="t" xml:lang="en"/>${form}`))).toBe(
    '\x1cc\x1ft\x1fen\x1f\x1f\x1e\x1cFORM_TYPE\x1furn:x\x1f\x1eos\x1fa\x1fb\x1f\x1e\x1d\x1c',
  )
})

test.each([
  ['an element that is not part of it', '<evil xmlns="urn:example:x"/>'],
  ['a form without a type', '<x xmlns="jabber:x:data" type="result"><field var="os"/></x>'],
  ['a table', '<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE"><value>x</value></field><reported/></x>'],
])('an answer with %s has no hash (XEP-0390 §4.1)', (_what, content) => {
  expect(buildCapsHashInput(info(content))).toBeUndefined()
})

test('hashes are announced and named by a node (XEP-0390 §4.3, §5.1)', () => {
  const hashes = [{ algo: 'sha-256', value: 'a.b=' }]
  const presence = parseElement('<presence xmlns="jabber:client"/>', C2S_LIMITS).append(buildCapsHashes(hashes))
  expect(findCapsHashes(presence)).toEqual(hashes)
  expect(capsHashNode(hashes[0]!)).toBe('urn:xmpp:caps#sha-256.a.b=')
})
