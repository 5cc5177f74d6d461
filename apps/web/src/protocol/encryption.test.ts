import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { findEncryption, parsePolicy } from './encryption.ts'
import { parseIncoming } from './message.ts'

const stanza = (inside: string) =>
  parseElement(`<message xmlns="jabber:client" from="bob@im.test/1" type="chat" id="m">${inside}</message>`, C2S_LIMITS)
const OMEMO = 'eu.siacs.conversations.axolotl'
const omemo = (inside: string) => `<encrypted xmlns="${OMEMO}"><header sid="1"/>${inside}</encrypted>`
const eme = (namespace: string) => `<encryption xmlns="urn:xmpp:eme:0" namespace="${namespace}" name="Evil"/>`

test.each([
  ['<body>hello</body>', undefined],
  [omemo('<payload>AAAA</payload>'), { scheme: 'OMEMO' }],
  [`${omemo('<payload>AAAA</payload>')}${eme(OMEMO)}<body>excuse</body>`, { scheme: 'OMEMO' }],
  ['<x xmlns="jabber:x:encrypted">AAAA</x>', { scheme: 'OpenPGP' }],
  // XEP-0380 §3: what the sender calls it is not believed.
  [eme('urn:example:unheard-of'), { scheme: '?' }],
  [eme('__proto__'), { scheme: '?' }],
  // XEP-0384 §5.8: keys alone are no message.
  [omemo(''), 'keys'],
])('%s', (inside, expected) => {
  expect(findEncryption(stanza(inside))).toEqual(expected)
})

test('of an encrypted message nothing is shown but that it is one; keys are not shown at all', () => {
  const excuse = '<body>I sent you a message that your client cannot read</body>'
  expect(parseIncoming(stanza(omemo('<payload>AAAA</payload>') + excuse), 'alice@im.test')).toMatchObject({
    kind: 'chat',
    message: { encryption: 'OMEMO', body: '', media: undefined },
  })
  expect(parseIncoming(stanza(omemo('') + excuse), 'alice@im.test')).toEqual({ kind: 'other' })
})

test.each([
  ['text-only', 'text-only'],
  ['allow', 'allow'],
  ['refuse', 'refuse'],
  ['anything', 'refuse'],
])('a policy that says %s is %s', (word, expected) => {
  const iq = `<iq xmlns="jabber:client"><query xmlns="urn:drawbridge:e2ee:0" policy="${word}"/></iq>`
  expect(parsePolicy(parseElement(iq, C2S_LIMITS))).toBe(expected)
})
