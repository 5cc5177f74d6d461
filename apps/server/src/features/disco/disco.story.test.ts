import { C2S_LIMITS, capsHashNode, findCapsHashes, parseDiscoInfo, parseElement, xml } from '@drawbridge/xmpp'
import { listSightings } from '@drawbridge/db'
import type { ClientIdentity } from '@drawbridge/policy'
import { expect, test, vi } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { capsHash, capsVersion } from './caps.ts'

const info = (node?: string) =>
  `<query xmlns="http://jabber.org/protocol/disco#info"${node === undefined ? '' : ` node="${node}"`}/>`
const items = (node?: string) =>
  `<query xmlns="http://jabber.org/protocol/disco#items"${node === undefined ? '' : ` node="${node}"`}/>`

test('a client asks what the server can do (XEP-0030 §3.1)', async () => {
  await using s = await story({ alice: 1 })
  const query = (await s.alice.ask('get', info(), 'im.test')).getChild('query')!
  const { identities, features, forms } = parseDiscoInfo(query)
  expect(identities).toContainEqual({ category: 'server', type: 'im', name: 'Drawbridge' })
  expect(features).toEqual(
    expect.arrayContaining(['urn:xmpp:ping', 'urn:xmpp:blocking', 'vcard-temp', 'jabber:iq:roster']),
  )
  expect(forms?.find(({ formType }) => formType === 'urn:xmpp:http:upload:0')?.fields[0]?.name).toBe('max-file-size')
})

test('the stream features name the answer by its hash (XEP-0115 §6.3)', async () => {
  await using s = await story({ alice: 1 })
  const caps = s.server.streams.streamFeatures().find((feature) => feature.is('c'))!
  const { node, ver } = caps.attrs
  const query = (await s.alice.ask('get', info(`${node}#${ver}`), 'im.test')).getChild('query')!
  expect(capsVersion(query, 'sha-1')).toBe(ver)
  expect((await s.alice.ask('get', info('urn:example:unknown'), 'im.test')).toString()).toContain('<item-not-found ')
})

test('strangers learn nothing of an account, not even that it exists (XEP-0030 §8, SP-12)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  for (const to of ['bob@im.test', 'nobody@im.test']) {
    expect((await s.alice.ask('get', info(), to)).toString()).toContain('<service-unavailable ')
    for (const node of [undefined, 'urn:example:node']) {
      const answer = await s.alice.ask('get', items(node), to)
      expect(answer.attrs['type']).toBe('result')
      expect(answer.getChild('query')?.children).toEqual([])
    }
  }
})

test('subscribers see the resources and features of an account, and everybody their own (XEP-0030 §8)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send('<presence type="subscribe" to="bob@im.test"/>')
  await s.bob.send('<presence type="subscribed" to="alice@im.test"/>')
  await s.bob.available()

  for (const device of [s.alice, s.bob]) {
    const query = (await device.ask('get', info(), 'bob@im.test')).getChild('query')!
    expect(parseDiscoInfo(query).identities).toContainEqual(
      expect.objectContaining({ category: 'account', type: 'registered' }),
    )
    expect((await device.ask('get', items(), 'bob@im.test')).toString()).toContain('<item jid="bob@im.test/1"/>')
  }
})

test('the stream features name the answer by a better hash, too (XEP-0390 §4.3, §5.2)', async () => {
  await using s = await story({ alice: 1 })
  const caps = s.server.streams.streamFeatures().find((feature) => feature.is('c', 'urn:xmpp:caps'))
  const [hash] = findCapsHashes(xml('stream:features', {}, caps))
  const query = (await s.alice.ask('get', info(capsHashNode(hash!)), 'im.test')).getChild('query')!
  expect(hash).toEqual({ algo: 'sha-256', value: capsHash(query, 'sha-256') })
})

const CLIENT =
  '<identity category="client" type="pc" name="Exodus 0.9.1"/>' +
  ['caps', 'disco#info', 'disco#items', 'muc']
    .map((name) => `<feature var="http://jabber.org/protocol/${name}"/>`)
    .join('')
/** The example of XEP-0115 §5.2. */
const VER = 'QgayPKawpkPSDYmwT/WM94uAlu0='
const presence = (ver: string) =>
  `<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="https://example.test" ver="${ver}"/></presence>`

const isQuestion = (text: string) => text.includes('disco#info') && text.includes('type="get"')

async function answer(device: Device, content: string): Promise<void> {
  const question = await device.next((element) => isQuestion(element.toString()))
  const { node } = question.getChild('query')!.attrs
  await device.send(
    `<iq type="result" to="im.test" id="${question.attrs['id']}">` +
      `<query xmlns="http://jabber.org/protocol/disco#info"${node === undefined ? '' : ` node="${node}"`}>${content}</query></iq>`,
  )
}

test('the server asks one client what it can do, and believes the hash for all like it (XEP-0115 §6.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.available(presence(VER))
  await answer(s.alice, CLIENT)
  expect(s.alice.session.notes.get('disco')).toContain('http://jabber.org/protocol/muc')

  await s.bob.available(presence(VER))
  expect(s.bob.received().filter(isQuestion)).toEqual([])
  expect(s.bob.session.notes.get('disco')).toContain('http://jabber.org/protocol/muc')
})

test('PE-04 what a client says under a hash that is not its own counts for nobody else (XEP-0115 §5.4)', async () => {
  await using s = await story({ mallory: 1, bob: 1 })
  await s.mallory.available(presence(VER))
  await answer(s.mallory, '<feature var="urn:example:evil"/>')

  await s.bob.available(presence(VER))
  await answer(s.bob, CLIENT)
  expect(s.bob.session.notes.get('disco')).not.toContain('urn:example:evil')
  expect(s.bob.session.notes.get('disco')).toContain('http://jabber.org/protocol/muc')
})

test('control §3.1: what a client is called under the right hash is better evidence than what it says, a wrong one is not', async () => {
  const named = (name: string) => `<identity category="client" type="pc" name="${name}"/><feature var="urn:example:x"/>`
  const query = (name: string) =>
    parseElement(`<query xmlns="http://jabber.org/protocol/disco#info">${named(name)}</query>`, C2S_LIMITS)
  const ver = capsVersion(query('Test 1.0'), 'sha-1')!
  await using s = await story({ mallory: 1, alice: 1, bob: 1 })
  const tierOf = (device: Device) => device.session.client.tier
  expect(tierOf(s.alice)).toBe('E1')

  await s.mallory.available(presence(ver))
  await answer(s.mallory, `${named('Test 1.0')}<feature var="urn:example:evil"/>`)
  expect(tierOf(s.mallory)).toBe('E1')
  await s.alice.available(presence(ver))
  await answer(s.alice, named('Test 1.0'))
  expect(tierOf(s.alice)).toBe('E2')
  // Whoever announces the same needs no asking.
  await s.bob.available(presence(ver))
  expect(tierOf(s.bob)).toBe('E2')
  // What is announced anew and names another is no evidence any more.
  const other = capsVersion(query('Other'), 'sha-1')!
  await s.bob.send(presence(other))
  await answer(s.bob, named('Other'))
  expect(tierOf(s.bob)).toBe('E1')
})

/** What a client says of itself in its capabilities, with a form about its software (XEP-0232 §2). */
const withSoftware = (software: string, version: string) =>
  '<identity category="client" type="pc" name="A library"/><feature var="urn:example:x"/>' +
  '<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden">' +
  '<value>urn:xmpp:dataforms:softwareinfo</value></field>' +
  Object.entries({ os: 'Linux', os_version: '6.1', software, software_version: version })
    .map(([name, value]) => `<field var="${name}"><value>${value}</value></field>`)
    .join('') +
  '</x>'
const verOf = (content: string) =>
  capsVersion(
    parseElement(`<query xmlns="http://jabber.org/protocol/disco#info">${content}</query>`, C2S_LIMITS),
    'sha-1',
  )!

test('which software a client says it is, is evidence of it: what was missing is known, and the inventory has it (XEP-0232 §2, control §3.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const software = withSoftware('Test', '1.0')
  expect(s.alice.session.client).toMatchObject({ family: 'test', version: '1.0', tier: 'E1' })
  await s.alice.available(presence(verOf(software)))
  await answer(s.alice, software)
  // Its name under a hash that is right corroborates what it said; that of the library beside it is not its name.
  expect(s.alice.session.client).toMatchObject({ family: 'test', os: 'Linux 6.1', tier: 'E2', isSuspect: false })
  // Whoever announces the same hash has said the same.
  await s.bob.available(presence(verOf(software)))
  expect(s.bob.session.client).toMatchObject({ os: 'Linux 6.1', tier: 'E2' })
  const { db } = s.server.ctx
  const systems = async () =>
    (await listSightings(db, new Date(0), 10)).map(({ identity }) => (identity as ClientIdentity).os)
  await vi.waitFor(async () => expect(await systems()).toContain('Linux 6.1'), { timeout: 10_000 })
})

test('a form about other software than was claimed makes a client suspect, and rules look at both (XEP-0232 §2, control §3.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const software = withSoftware('Gajim', '1.0')
  await s.alice.available(presence(verOf(software)))
  await answer(s.alice, software)
  expect(s.alice.session.client).toMatchObject({ family: 'test', tier: 'E1', isSuspect: true })
  expect(s.alice.session.client.claims).toContainEqual({ family: 'gajim', version: '1.0' })
  // PE-04: under a hash that is not its own it counts for that client, and for nobody else.
  const forged = presence(verOf(withSoftware('Test', '1.0')))
  await s.alice.send(forged)
  await answer(s.alice, withSoftware('Gajim', '0.1'))
  await s.bob.available(forged)
  await answer(s.bob, withSoftware('Test', '1.0'))
  expect(s.bob.session.client).toMatchObject({ family: 'test', isSuspect: false })
})

test('the server says nothing of the software below it, to anybody (XEP-0232 §3)', async () => {
  await using s = await story({ alice: 1 })
  for (const to of ['im.test', 'alice@im.test', 'rooms.im.test', 'upload.im.test', 'push.im.test']) {
    const { forms = [] } = parseDiscoInfo((await s.alice.ask('get', info(), to)).getChild('query')!)
    expect(forms.map(({ formType }) => formType)).not.toContain('urn:xmpp:dataforms:softwareinfo')
  }
})

/** The hash of what `CLIENT` says, by XEP-0390 §4.1. */
const HASH = capsHash(
  xml(
    'query',
    { xmlns: 'http://jabber.org/protocol/disco#info' },
    xml('identity', { category: 'client', type: 'pc', name: 'Exodus 0.9.1' }),
    ['caps', 'disco#info', 'disco#items', 'muc'].map((name) =>
      xml('feature', { var: `http://jabber.org/protocol/${name}` }),
    ),
  ),
  'sha-256',
)
const better = (value: string | undefined) =>
  `<presence><c xmlns="urn:xmpp:caps"><hash xmlns="urn:xmpp:hashes:2" algo="sha-1">x</hash>` +
  `<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">${value}</hash></c>` +
  `<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:test" ver="${VER}"/></presence>`

test('of two hashes the server asks for the better, and believes it only if it is right (XEP-0390 §4.4, PE-04)', async () => {
  await using s = await story({ mallory: 1, alice: 1, bob: 1 })
  await s.mallory.available(better(HASH))
  const question = await s.mallory.next((element) => isQuestion(element.toString()))
  expect(question.getChild('query')?.attrs['node']).toBe(`urn:xmpp:caps#sha-256.${HASH}`)
  await answer(s.mallory, `${CLIENT}<feature var="urn:example:evil"/>`)
  expect(s.mallory.session.notes.get('disco')).toContain('urn:example:evil')

  await s.alice.available(better(HASH))
  await answer(s.alice, CLIENT)
  expect(s.alice.session.notes.get('disco')).not.toContain('urn:example:evil')
  s.bob.received()
  await s.bob.available(better(HASH))
  expect(s.bob.received().filter(isQuestion)).toEqual([])
  expect(s.bob.session.notes.get('disco')).toContain('http://jabber.org/protocol/muc')
})

test('PE-04 a client from before there were hashes is asked itself, and speaks for nobody else (XEP-0115 §8)', async () => {
  await using s = await story({ mallory: 1, bob: 1 })
  const legacy = '<presence><c xmlns="http://jabber.org/protocol/caps" node="urn:old" ver="1.0" ext="muc"/></presence>'
  for (const device of [s.mallory, s.bob]) {
    await device.available(legacy)
    const question = await device.next((element) => isQuestion(element.toString()))
    expect(question.getChild('query')?.attrs['node']).toBeUndefined()
  }
  await answer(s.mallory, '<feature var="urn:example:evil"/>')
  expect(s.mallory.session.notes.get('disco')).toContain('urn:example:evil')
  expect(s.bob.session.notes.get('disco')).toBeUndefined()
})
