import { listArchive } from '@drawbridge/db'
import { claimFrom, identify, NO_IDENTITY } from '@drawbridge/policy'
import { C2S_LIMITS, escapeText, parseElement } from '@drawbridge/xmpp'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device, StoryOptions } from '../../test/story.ts'

const DAY_MS = 86_400_000
const PLAIN = { settings: { web: { hasPlainLinks: true } } }
const BOUND = /http:\/\/im\.test\/upload\/[\w-]{43}\/[\w.%-]+\?s=[\w-]+/g
const RULE = { family: 'test', below: '2.0', action: 'block', preset: 'now', url: 'https://im.test/update' } as const
const newer = identify([claimFrom({ source: 'client-element', name: 'test', version: '2.0' })])

/** Alice has shared a file; bob and carol are there, carol with a newer client than the others. */
async function shared(options: StoryOptions = {}) {
  const sanitize = () => ({ outcome: 'not-an-image' }) as const
  const s = await story({ alice: 2, bob: 1, carol: 1 }, { sanitize, doesJobs: true, ...options })
  s.carol.session.client = newer
  const http = createServer((req, res) => {
    void (async () => {
      for (const handle of s.server.handlers)
        if (await handle(req, res, new URL(req.url ?? '', 'http://im.test'))) return
    })()
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const { port } = http.address() as AddressInfo
  const local = (url: string) => url.replace('http://im.test', `http://127.0.0.1:${port}`)
  const read = async (url: string, method = 'GET') => {
    const response = await fetch(local(url), { method })
    const text = await response.text()
    const isProblem = response.headers.get('content-type')?.includes('problem') === true && text !== ''
    return {
      status: response.status,
      problem: isProblem ? (JSON.parse(text) as Record<string, unknown>) : undefined,
      text,
    }
  }
  const upload = async (device: Device, name: string) => {
    const request = `<request xmlns="urn:xmpp:http:upload:0" filename="${escapeText(name)}" size="5"/>`
    const answer = await device.ask('get', request, 'im.test')
    const slot = answer.getChild('slot', 'urn:xmpp:http:upload:0')!
    const put = slot.getChild('put')!
    const authorization = put.getChildText('header') ?? ''
    const response = await fetch(local(put.attrs['url']!), { method: 'PUT', headers: { authorization }, body: 'hello' })
    const body = (await response.json()) as { url: string }
    return {
      put: put.attrs['url']!,
      get: slot.getChild('get')!.attrs['url']!,
      answered: body.url,
      location: response.headers.get('location'),
    }
  }
  const file = await upload(s.alice, 'notes.txt')
  const plain = file.put
  /** The link as this device gets it. */
  const linkOf = async (device: Device, body = plain) => {
    device.received()
    await s.alice.send(`<message to="${device.jid}" type="chat"><body>${body}</body></message>`)
    const message = await device.next(({ name }) => name === 'message')
    device.received()
    return message.getChildText('body') ?? ''
  }
  const close = async () => {
    http.close()
    http.closeAllConnections()
    await s[Symbol.asyncDispose]()
  }
  return {
    ...s,
    file,
    plain,
    read,
    upload,
    linkOf,
    operations: s.server.policy.operations,
    [Symbol.asyncDispose]: close,
  }
}

test('what is stored holds the plain link, and each session gets the link as its own (control §3.4)', async () => {
  await using s = await shared()
  const { plain, file } = s
  await s.bob.available()
  await s.device('alice', 2).ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
  for (const device of [s.alice, s.device('alice', 2), s.bob]) device.received()

  expect(file.get).toMatch(BOUND)
  expect([file.answered, file.location]).toEqual([file.get, file.get])
  // The sender uses the link as it was given to it.
  await s.alice.send(
    `<message to="bob@im.test" type="chat" id="m1"><body>${file.get}</body><x xmlns="jabber:x:oob"><url>${file.get}</url></x>` +
      `<reference xmlns="urn:xmpp:reference:0" type="data"><media-sharing xmlns="urn:xmpp:sims:1"><sources>` +
      `<reference xmlns="urn:xmpp:reference:0" type="data" uri="${file.get}"/></sources></media-sharing></reference></message>`,
  )
  const [atBob = ''] = s.bob.received()
  const [atAlice = ''] = s.device('alice', 2).received()

  const [his] = atBob.match(BOUND) ?? []
  expect(atBob.match(BOUND)).toEqual([his, his, his])
  expect(his?.startsWith(`${plain}?s=`)).toBe(true)
  expect(his).not.toBe(file.get)
  // A carbon on a device of hers that runs the same client: the same link.
  expect(atAlice.match(BOUND)).toEqual([file.get, file.get, file.get])
  for (const owner of ['alice@im.test', 'bob@im.test']) {
    const { messages } = (await listArchive(s.server.ctx.db, owner, { page: { max: 9, flip: false } })) as {
      messages: { stanza: string }[]
    }
    expect(messages).toHaveLength(1)
    expect(messages[0]!.stanza.split(plain)).toHaveLength(4)
    expect(messages[0]!.stanza).not.toContain('?s=')
  }

  // From the archive, and to a device that was away.
  await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.bob.received().join('').match(BOUND)).toEqual([his, his, his])
  s.bob.disconnect()
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>again ${file.get}</body></message>`)
  const phone = await s.connect('bob', 'phone')
  await phone.available()
  const again = await phone.next((element) => element.getChildText('body')?.startsWith('again') === true)
  expect(again.getChildText('body')).toBe(`again ${his}`)
})

test('what is kept or passed on besides messages holds plain links, too', async () => {
  await using s = await shared()
  const { file, plain } = s
  await s.alice.ask(
    'set',
    `<query xmlns="jabber:iq:private"><note xmlns="urn:test" link="${file.get}">${file.get}</note></query>`,
  )
  const rows = await s.server.ctx.db.execute(`select * from private_xml`)
  expect(JSON.stringify(rows.rows)).toContain(plain)
  expect(JSON.stringify(rows.rows)).not.toContain('?s=')
  const answer = await s.alice.ask('get', '<query xmlns="jabber:iq:private"><note xmlns="urn:test"/></query>')
  const note = answer.getChild('query')?.getChild('note')
  expect([note?.attrs['link'], note?.getText()]).toEqual([file.get, file.get])

  // From client to client.
  await s.bob.send(`<presence to="${s.alice.jid}"/>`)
  s.bob.received()
  await s.alice.send(`<iq type="get" id="i" to="${s.bob.jid}"><q xmlns="urn:test">${file.get}</q></iq>`)
  const [his] = (await s.bob.next(({ attrs }) => attrs['id'] === 'i')).toString().match(BOUND) ?? []
  expect(his?.startsWith(plain)).toBe(true)
  expect(his).not.toBe(file.get)
  // Presence is one text for everybody, but for this.
  await s.alice.available(`<presence><status>${file.get}</status></presence>`)
  expect(s.device('alice', 2).session.presence).toBeUndefined()
  expect(s.alice.session.presence?.getChildText('status')).toBe(plain)
})

test('a rule that is made later blocks a link that is out already, at once and for its client only', async () => {
  await using s = await shared(PLAIN)
  const his = await s.linkOf(s.bob)
  const hers = await s.linkOf(s.carol)
  const statuses = async () =>
    (await Promise.all([his, hers, s.plain].map((url) => s.read(url)))).map(({ status }) => status)
  expect(await statuses()).toEqual([200, 200, 200])

  const startedAt = performance.now()
  const { rule } = await s.operations.addClientRule('local:cli', RULE)
  expect(await statuses()).toEqual([403, 200, 403])
  expect(performance.now() - startedAt).toBeLessThan(1_000)

  const refused = await s.read(his)
  expect(refused.problem).toMatchObject({ type: '/problems/client-version-blocked', min: '2.0', url: RULE.url })
  expect((await s.read(his, 'HEAD')).status).toBe(403)
  // Nobody is known who could update: the way out is a link that says who asks.
  expect((await s.read(s.plain)).problem).toMatchObject({
    type: '/problems/link-expired',
    title: expect.stringContaining('load its messages again'),
  })
  expect((await s.read(s.plain, 'HEAD')).status).toBe(403)

  // A blocked session gets neither a slot nor a working link any more; it goes on chatting.
  const slot = await s.bob.ask('get', '<request xmlns="urn:xmpp:http:upload:0" filename="a.txt" size="5"/>', 'im.test')
  expect(slot.getChild('error')?.toString()).toContain('<policy-violation')
  expect((await s.read(await s.linkOf(s.bob))).status).toBe(403)

  await s.operations.removeClientRule('local:cli', rule.id)
  expect(await statuses()).toEqual([200, 200, 200])
})

test('in its early stages a rule blocks no link, not even a plain one where those are allowed', async () => {
  await using s = await shared(PLAIN)
  await s.operations.addClientRule('local:cli', { ...RULE, action: 'warn' })
  expect((await s.read(await s.linkOf(s.bob))).status).toBe(200)
  expect((await s.read(s.plain)).status).toBe(200)
})

test('in posture enforce a bound link is read and a plain one is not (control §3.1)', async () => {
  await using s = await shared()
  const { gate } = s.server.ctx
  const his = await s.linkOf(s.bob)
  gate.replace({ ...gate.settings, posture: 'enforce' }, gate.epoch)
  expect((await s.read(his)).status).toBe(200)
  expect(await s.read(s.plain)).toMatchObject({ status: 403, problem: { type: '/problems/link-expired' } })
})

test('a link is bound for a week; then the archive gives a fresh one', async () => {
  let now = Date.now()
  await using s = await shared({ now: () => new Date(now) })
  await s.operations.addClientRule('local:cli', { ...RULE, family: 'other' })
  const link = await s.linkOf(s.bob)
  now += 6 * DAY_MS - 1_000
  expect((await s.read(link)).status).toBe(200)
  now += DAY_MS + 1_000
  expect(await s.read(link)).toMatchObject({ status: 403, problem: { type: '/problems/link-expired' } })

  await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  const [fresh = ''] = s.bob.received().join('').match(BOUND) ?? []
  expect(fresh).not.toBe(link)
  expect((await s.read(fresh)).status).toBe(200)
})

test('what was bound for another file or is forged binds nothing', async () => {
  await using s = await shared()
  const other = await s.upload(s.alice, 'other.txt')
  await s.operations.addClientRule('local:cli', { ...RULE, family: 'other' })
  const [, query = ''] = (await s.linkOf(s.bob)).split('?')
  expect((await s.read(`${s.plain}?${query}`)).status).toBe(200)
  for (const url of [
    `${other.put}?${query}`,
    `${s.plain}?${query}A`,
    `${s.plain}?x=1&${query}`,
    `${s.plain}?s=${'A'.repeat(100)}`,
  ]) {
    expect((await s.read(url)).problem, url).toMatchObject({ type: '/problems/link-expired' })
  }
})

test('AU-23 the links of an account end with it, also when another takes its name', async () => {
  await using s = await shared()
  const { accounts } = s.server.ctx
  const link = await s.linkOf(s.bob)
  const bob = accounts.find('bob')!
  accounts.put({ ...bob, isDisabled: true })
  expect(await s.read(link)).toMatchObject({ status: 403, problem: { type: '/problems/account-disabled' } })
  accounts.put({ ...bob, isDisabled: false })
  expect((await s.read(link)).status).toBe(200)
  accounts.remove('bob')
  expect((await s.read(link)).status).toBe(403)
  accounts.put({ ...bob, id: accounts.find('carol')!.id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) })
  expect((await s.read(link)).status).toBe(403)
})

test('a link given to a client before it said what it is follows what it says later', async () => {
  await using s = await shared()
  const known = s.bob.session.client
  s.bob.session.client = NO_IDENTITY
  const link = await s.linkOf(s.bob)
  expect((await s.read(link)).status).toBe(200)
  await s.operations.addClientRule('local:cli', RULE)
  // It still says nothing: let in as its session is, since unknown clients are only observed.
  expect((await s.read(link)).status).toBe(200)
  s.bob.session.client = known
  expect((await s.read(link)).problem).toMatchObject({ type: '/problems/client-version-blocked' })
  s.bob.session.client = newer
  expect((await s.read(link)).status).toBe(200)
  s.bob.session.end()
  expect((await s.read(link)).problem).toMatchObject({ type: '/problems/link-expired' })
})

test('control §3.4 what a client had proved when it got a link counts as long as it proves it still', async () => {
  await using s = await shared()
  const said = s.bob.session.client
  const claim = claimFrom({ source: 'token', name: 'test', version: '1.0' })
  const proof = { claim, until: new Date(Date.now() + DAY_MS) }
  const unproved = await s.linkOf(s.bob)
  s.bob.session.prove([proof])
  expect(s.bob.session.client.tier).toBe('E3')
  const link = await s.linkOf(s.bob)
  await s.operations.addClientRule('local:cli', { family: 'test', belowTier: 'E3', action: 'block', preset: 'now' })
  expect((await s.read(link)).status).toBe(200)
  // A link from before it is no better than it was.
  expect((await s.read(unproved)).status).toBe(403)
  s.bob.session.prove([])
  expect(s.bob.session.client).toEqual(said)
  expect((await s.read(link)).status).toBe(403)
  s.bob.session.prove([proof])
  expect((await s.read(link)).status).toBe(200)
  s.bob.session.end()
  expect((await s.read(link)).status).toBe(403)
})

test('UP-10 who may not read gets one answer, whether there is a file or not', async () => {
  await using s = await shared()
  const his = await s.linkOf(s.bob)
  const missing = await s.linkOf(s.bob, s.plain.replace(/upload\/[\w-]{20}/, `upload/${'A'.repeat(20)}`))
  expect([(await s.read(his)).status, (await s.read(missing)).status]).toEqual([200, 404])
  await s.operations.addClientRule('local:cli', RULE)
  for (const method of ['GET', 'HEAD']) expect(await s.read(his, method)).toEqual(await s.read(missing, method))
  expect((await s.read(his)).status).toBe(403)
})

test('a link is found in a sentence; one that is part of another link, or asks for something, is left as it is', async () => {
  await using s = await shared()
  const { plain } = s
  const his = await s.linkOf(s.bob)
  const texts: readonly (readonly [string, string])[] = [
    [`see ${plain}.`, `see ${his}.`],
    [`seen ${plain}?`, `seen ${his}?`],
    [`(${plain}), "${plain}"...`, `(${his}), "${his}"...`],
    [`<${plain}> & <${plain}>`, `<${his}> & <${his}>`],
    [`Datei:${plain}`, `Datei:${his}`],
    [`${plain}\n${plain}`, `${his}\n${his}`],
    [`https://evil.test/?u=${plain}`, `https://evil.test/?u=${plain}`],
    [`${plain}?download=1`, `${plain}?download=1`],
    [`${plain}#page`, `${plain}#page`],
    ['http://im.test.evil.test/upload/x', 'http://im.test.evil.test/upload/x'],
    ['http://im.test/upload/short/a.txt', 'http://im.test/upload/short/a.txt'],
    [
      `http://im.test/upload/${'A'.repeat(43)}/${'a'.repeat(500)}`,
      `http://im.test/upload/${'A'.repeat(43)}/${'a'.repeat(500)}`,
    ],
  ]
  for (const [sent, expected] of texts) {
    expect(await s.linkOf(s.bob, escapeText(sent))).toBe(expected)
    // And back: what a client quotes is plain again.
    expect(parsedBody(await passedOn(s.bob, s.alice, expected))).toBe(expected.replaceAll(/\?s=[\w-]+/g, ''))
  }
  const { put, get } = await s.upload(s.alice, "it's (1)! ~ä.txt")
  expect(put).toMatch(/^http:\/\/im\.test\/upload\/[\w-]{43}\/[\w.%-]+$/)
  expect(get).toMatch(BOUND)
  expect((await s.read(get)).text).toBe('hello')
})

test('of very many links in one stanza the first are bound, and nothing is lost', async () => {
  await using s = await shared()
  const text = Array.from({ length: 300 }, () => s.plain).join(' ')
  const received = await s.linkOf(s.bob, text)
  expect(received.match(BOUND)).toHaveLength(100)
  expect(received.replaceAll(/\?s=[\w-]+/g, '')).toBe(text)
})

/** What goes into the archive when somebody sends this body. */
async function passedOn(from: Device, to: Device, body: string): Promise<string> {
  const sent: string[] = []
  const write = to.session.send.bind(to.session)
  to.session.send = (stanza) => {
    sent.push('element' in stanza ? stanza.element.toString() : stanza.toString())
    return write(stanza)
  }
  await from.send(`<message to="${to.jid}" type="chat"><body>${escapeText(body)}</body></message>`)
  to.session.send = write
  return sent.at(-1) ?? ''
}

function parsedBody(message: string): string | undefined {
  return parseElement(message, C2S_LIMITS).getChildText('body')
}
