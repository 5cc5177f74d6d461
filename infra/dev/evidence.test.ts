import { expect, test } from 'vitest'
import { ADVERTISED, OWN } from '../../apps/server/test/advertised.ts'
import { COMPLIANCE, findEvidence, listThreats, NEVER_OFFERED, UNTESTED } from './gen/evidence.ts'
import { listClaims, RFCS } from './gen/features.ts'
import { titlesIn } from './gen/titles.ts'
import { ROOT } from './steps.ts'

const evidence = findEvidence(ROOT)
const claimed = new Set((await listClaims(ROOT)).map(({ xep }) => `XEP-${String(xep).padStart(4, '0')}`))

test('every extension that is claimed has a test whose title names it and its section', () => {
  expect([...claimed].filter((term) => !evidence.has(term))).toEqual([])
})

test('every extension of the compliance suite that we claim is claimed by a feature, and has a test', () => {
  const required = Object.values(COMPLIANCE).flatMap(({ core, advanced }) => [...core, ...advanced])
  expect(required.filter((term) => !evidence.has(term))).toEqual([])
  expect(required.filter((term) => term.startsWith('XEP') && !claimed.has(term))).toEqual([])
})

test('whatever is advertised belongs to an extension that is claimed or to an RFC, and a test names its section', () => {
  // That nothing else is advertised is a story of the server (apps/server/test/streams/advertised.story.test.ts).
  const terms = Object.values(ADVERTISED).filter((term) => term !== OWN)
  expect(terms.filter((term) => term.startsWith('XEP') && !claimed.has(term))).toEqual([])
  expect(terms.filter((term) => term.startsWith('RFC') && !RFCS.some((rfc) => term === `RFC ${rfc}`))).toEqual([])
  expect(terms.filter((term) => !evidence.has(term))).toEqual([])
})

test('every attack of the catalogue has a test that carries its id, or a reason why it cannot', () => {
  const missing = listThreats().filter((id) => !evidence.has(id) && UNTESTED[id] === undefined)
  expect(missing).toEqual([])
  expect(Object.keys(UNTESTED).filter((id) => evidence.has(id))).toEqual([])
  expect(Object.keys(NEVER_OFFERED).filter((id) => !evidence.has(id))).toEqual([])
})

test('a section in the title of a test is one of the document that the titles around it are about', () => {
  expect(evidence.get('RFC 7395')).toContain('apps/server/test/streams/websocket.story.test.ts')
  const source = `
    describe('XMPP over WebSocket (RFC 7395)', () => {
      test('the subprotocol is xmpp (§3.1)', () => {})
      test('a ping is answered (XEP-0199 §4.1)', () => {})
    })
    describe('BOSH (XEP-0124, XEP-0206)', () => test('either of them (§3)', () => {}))
    test('of nothing in particular (§1)', () => {})`
  expect(titlesIn('some.test.ts', source)).toEqual([
    'XMPP over WebSocket (RFC 7395)',
    'the subprotocol is xmpp (RFC 7395 §3.1)',
    'a ping is answered (XEP-0199 §4.1)',
    'BOSH (XEP-0124, XEP-0206)',
    'either of them (§3)',
    'of nothing in particular (§1)',
  ])
})
