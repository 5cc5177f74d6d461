// Codecs of a few lines each, together.

import { describe, expect, test } from 'vitest'
import { xml } from '../element.ts'
import { findChatState } from './chat-state.ts'
import { buildClient, buildClientBlocked, findClient, findClientBlocked } from './client.ts'
import { buildForwarded, findForwarded } from './forwarded.ts'
import { buildHint, hasHint } from './hints.ts'
import { buildImageRejected, findImageRejected } from './image-rejected.ts'
import {
  buildDisplayedMarker,
  buildReceipt,
  buildReceiptRequest,
  findDisplayedMarker,
  findReceipt,
  isMarkable,
  isReceiptRequested,
} from './receipts.ts'
import { buildSuspension, buildSuspensions, findSuspensions } from './suspension.ts'
import { buildVersion, buildVersionQuery, parseVersion } from './version.ts'

const around = (...content: Parameters<typeof xml>[2][]) => xml('message', { xmlns: 'jabber:client' }, ...content)

test('XEP-0085 a chat state', () => {
  expect(findChatState(around(xml('composing', { xmlns: 'http://jabber.org/protocol/chatstates' })))).toBe('composing')
  expect(findChatState(around(xml('composing', { xmlns: 'urn:x' })))).toBeUndefined()
})

test('XEP-0184 and XEP-0333 receipts and markers', () => {
  expect(findReceipt(around(buildReceipt('1')))).toBe('1')
  expect(isReceiptRequested(around(buildReceiptRequest()))).toBe(true)
  expect(isReceiptRequested(around(buildReceipt('1')))).toBe(false)
  expect(findDisplayedMarker(around(buildDisplayedMarker('1')))).toBe('1')
  expect(isMarkable(around(xml('markable', { xmlns: 'urn:xmpp:chat-markers:0' })))).toBe(true)
})

test('XEP-0334 a hint', () => {
  expect(hasHint(around(buildHint('no-store')), 'no-store')).toBe(true)
  expect(hasHint(around(buildHint('no-store')), 'no-copy')).toBe(false)
})

test('XEP-0297 §3.2 a forwarded stanza keeps its namespace, beside the time when it came', () => {
  const stamp = new Date('2026-11-23T04:00:00Z')
  const found = findForwarded(around(buildForwarded({ stanza: around(xml('body')), stamp })))
  expect(found?.stamp).toEqual(stamp)
  expect(found?.stanza.getNS()).toBe('jabber:client')
  expect(found?.stanza.getChild('body')).toBeDefined()
  expect(findForwarded(around(xml('forwarded', { xmlns: 'urn:xmpp:forward:0' })))).toBeUndefined()
})

test('XEP-0092 a version', () => {
  const query = buildVersion({ name: 'Gajim', version: '2.1', os: 'Linux' })
  expect(parseVersion(query)).toEqual({ name: 'Gajim', version: '2.1', os: 'Linux' })
  expect(parseVersion(buildVersionQuery())).toEqual({ name: undefined, version: undefined, os: undefined })
  expect(parseVersion(xml('query', {}, xml('name', {}, ' ')))).toMatchObject({ name: undefined })
})

describe('our own', () => {
  test('a client says what it is', () => {
    const claim = { name: 'drawbridge-web', version: '1.2.3', build: '9f31c2e', os: 'linux' }
    expect(findClient(xml('bind', {}, buildClient(claim)))).toEqual(claim)
    expect(findClient(xml('bind', {}, xml('client', { xmlns: 'urn:drawbridge:client:1' })))?.name).toBe('')
    expect(findClient(xml('bind'))).toBeUndefined()
  })

  test('a blocked client learns why, and what to do', () => {
    const blocked = {
      rule: 'R12',
      min: '4.2.1',
      url: 'https://im.test/update',
      deadline: new Date('2026-11-23T04:00:00Z'),
      canUseWeb: true,
      spreadSeconds: 30,
      reason: 'Please update.',
    }
    expect(buildClientBlocked(blocked).toString()).toBe(
      '<client-blocked xmlns="urn:drawbridge:client:1" rule="R12" min="4.2.1" url="https://im.test/update" ' +
        'deadline="2026-11-23T04:00:00.000Z" can-web="true" spread="30"><reason>Please update.</reason></client-blocked>',
    )
    expect(findClientBlocked(xml('error', {}, buildClientBlocked(blocked)))).toEqual(blocked)
    expect(findClientBlocked(xml('error', {}, buildClientBlocked({ rule: 'R1' })))).toMatchObject({
      rule: 'R1',
      min: undefined,
    })
    expect(findClientBlocked(xml('error'))).toBeUndefined()
  })

  test('suspensions come as a list, or alone in a stream error', () => {
    const reasons = { de: 'Übung', 'pt-BR': 'Exercício' }
    const when = { since: new Date(0), until: undefined }
    const notice = { id: 's1', scopes: ['images', 'group:sales'], mode: 'hold', reason: 'Drill', reasons, ...when }
    expect(findSuspensions(around(buildSuspensions([notice])))).toEqual([notice])
    expect(findSuspensions(around(buildSuspensions([])))).toEqual([])
    expect(findSuspensions(around(buildSuspension(notice)))).toEqual([notice])
    expect(findSuspensions(around())).toBeUndefined()
  })

  test('a rejected image has a reason', () => {
    expect(findImageRejected(xml('error', {}, buildImageRejected('svg')))).toBe('svg')
    expect(findImageRejected(xml('error'))).toBeUndefined()
  })
})
