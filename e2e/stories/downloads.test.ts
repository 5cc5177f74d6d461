import { ordinaryPng } from '@drawbridge/testkit'
import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { upload } from '../support/upload.ts'
import { connectClient } from '../support/xmpp-client.ts'
import type { TestClient } from '../support/xmpp-client.ts'

const NS_OOB = 'jabber:x:oob'
const NS_UPLOAD = 'urn:xmpp:http:upload:0'
const OLD = { name: 'Old Client', version: '1.0.0' }
const NEW = { name: 'Old Client', version: '2.0.0' }
const UPDATE = 'https://im.test/update'

let stack: Stack
let alice: TestClient
beforeAll(async () => {
  stack = await startStack()
  for (const name of ['alice', 'bob', 'carol']) await stack.account(name)
  alice = await client('alice', NEW)
})
afterAll(async () => {
  await alice.end()
  await stack[Symbol.asyncDispose]()
})

async function client(name: string, version: typeof OLD, more = {}): Promise<TestClient> {
  const connected = await connectClient({ port: stack.c2sPort, name, password: `${name}-password`, version, ...more })
  connected.send('<presence/>')
  return connected
}

const urlIn = (message: Element) => message.getChild('x', NS_OOB)?.getChildText('url') ?? ''

/** Sends the link as a picture (XEP-0066), and returns it as it arrives. */
async function share(url: string, to: TestClient, id: string): Promise<string> {
  const [bare = ''] = to.jid.split('/')
  alice.send(
    xml(
      'message',
      { to: bare, type: 'chat', id },
      xml('body', {}, url),
      xml('x', { xmlns: NS_OOB }, xml('url', {}, url)),
    ),
  )
  const message = await to.next(({ attrs }) => attrs['id'] === id)
  expect(message.getChildText('body')).toBe(urlIn(message))
  return urlIn(message)
}

async function read(url: string, method = 'GET') {
  const response = await fetch(url, { method })
  const bytes = Buffer.from(await response.arrayBuffer())
  const isProblem = response.headers.get('content-type') === 'application/problem+json' && bytes.length > 0
  return {
    status: response.status,
    bytes,
    problem: isProblem ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : undefined,
  }
}

/** The newest shared link, as the archive gives it. */
async function fromArchive(who: TestClient): Promise<string> {
  const known = who.received.length
  const page = xml('set', { xmlns: 'http://jabber.org/protocol/rsm' }, xml('max', {}, 10), xml('before'))
  await who.ask('set', xml('query', { xmlns: 'urn:xmpp:mam:2' }, page))
  const results = who.received.slice(known).flatMap((element) => element.getChild('result', 'urn:xmpp:mam:2') ?? [])
  const links = results.map((result) => urlIn(result.getChild('forwarded')!.getChild('message')!))
  return links.findLast((link) => link !== '') ?? ''
}

async function slotFor(who: TestClient, size: number): Promise<Element> {
  return who.ask(
    'get',
    xml('request', { xmlns: NS_UPLOAD, filename: 'a.png', size, 'content-type': 'image/png' }),
    'localhost',
  )
}

test('a lock-out refuses the links that an old client already has, its slots and its files; others go on', async () => {
  const bob = await client('bob', OLD)
  const carol = await client('carol', NEW)
  const picture = ordinaryPng(64, 48)
  const uploaded = await upload(alice, 'holiday.png', picture, 'image/png')
  expect(uploaded.status).toBe(201)
  const plain = uploaded.url.replace(/\?.*/, '')
  const his = await share(uploaded.url, bob, 'p1')
  const hers = await share(uploaded.url, carol, 'p2')
  expect(new Set([plain, uploaded.url, his, hers]).size).toBe(4)
  for (const url of [uploaded.url, his, hers]) expect((await read(url)).status).toBe(200)
  expect(await read(plain)).toMatchObject({ status: 403, problem: { type: '/problems/link-expired' } })
  const slot = (await slotFor(bob, picture.length)).getChild('slot', NS_UPLOAD)

  let refusedAt: number | undefined
  const watching = (async () => {
    while ((await read(his, 'HEAD')).status !== 403);
    refusedAt = performance.now()
  })()
  const { rule, effect } = await stack.cli<{ rule: { id: string }; effect: { appliedMs: number } }>(
    'client-rule',
    'add',
    '--family',
    'old-client',
    '--below',
    '2.0.0',
    '--action',
    'block',
    '--url',
    UPDATE,
    '--now',
  )
  const returnedAt = performance.now()
  await watching
  const tookMs = Math.round(refusedAt! - returnedAt)
  console.log(
    `lock-out: applied in ${effect.appliedMs} ms; the link was refused ${tookMs} ms after the command (negative: before)`,
  )
  expect(tookMs).toBeLessThan(1_000)

  const refused = await read(his)
  expect(refused.status).toBe(403)
  expect(refused.problem).toMatchObject({
    type: '/problems/client-version-blocked',
    rule: rule.id,
    min: '2.0.0',
    url: UPDATE,
  })
  expect(await read(plain)).toMatchObject({ status: 403, problem: { type: '/problems/link-expired' } })
  expect((await read(hers)).bytes.subarray(1, 4).toString()).toBe('PNG')
  // The archive gives a blocked client nothing better.
  expect((await read(await fromArchive(bob))).status).toBe(403)

  const put = slot?.getChild('put')
  const authorization = put?.getChildText('header') ?? ''
  const answer = await fetch(put?.attrs['url'] ?? '', {
    method: 'PUT',
    headers: { authorization },
    body: Buffer.from(picture),
  })
  expect([answer.status, await answer.json()]).toMatchObject([403, { type: '/problems/client-version-blocked' }])
  const noSlot = await slotFor(bob, picture.length)
  expect(noSlot.attrs['type']).toBe('error')
  expect(noSlot.getChild('error')?.getChild('policy-violation')).toBeDefined()

  // Updated, he finds the picture in the archive.
  await bob.end()
  const updated = await client('bob', NEW)
  await updated.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }), 'localhost')
  expect((await read(await fromArchive(updated))).status).toBe(200)
  await updated.end()
  await carol.end()
})

test('a link that waits for a client to resume its stream is bound when it gets there, and outlives a restart', async () => {
  const { url } = await upload(alice, 'later.png', ordinaryPng(32, 32), 'image/png')
  const before = await client('carol', NEW, { management: 'resumable' })
  await before.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }), 'localhost')
  before.destroy()
  await before.closed
  alice.send(xml('message', { to: 'carol@localhost', type: 'chat', id: 'p3' }, xml('body', {}, `look: ${url}.`)))
  await alice.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }), 'localhost')

  const handled = before.received.length
  const again = await connectClient({
    port: stack.c2sPort,
    name: 'carol',
    password: 'carol-password',
    version: NEW,
    management: { resume: before.resumeId!, h: handled },
  })
  const message = await again.next(({ attrs }) => attrs['id'] === 'p3')
  const link = /^look: (\S+)\.$/.exec(message.getChildText('body') ?? '')?.[1] ?? ''
  expect(again.resumption?.name).toBe('resumed')
  expect(link).not.toBe(url)
  expect((await read(link)).status).toBe(200)
  await again.end()

  const ended = alice.closed
  await stack.restart()
  await ended
  expect((await read(link)).status).toBe(200)
  alice = await client('alice', NEW)
})
