import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bindRequest, bound, open, PING, PONG, scram, signIn } from './sign-in.ts'

// XEP-0198 and XEP-0352 as bytes: what is counted, what is sent again, and who may come back.

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ stream: { maxStanzasPerSecond: 500 } })
  await Promise.all(['alice', 'bob', 'carol', 'mallory', 'dave', 'erin', 'frank'].map((name) => server.account(name)))
})

afterAll(() => server[Symbol.asyncDispose]())

const SM = 'urn:xmpp:sm:3'
const ENABLE = `<enable xmlns='${SM}' resume='true'/>`
const R = `<r xmlns='${SM}'/>`
const a = (h: number | string) => `<a xmlns='${SM}' h='${h}'/>`
const resume = (id: string, h: number) => `<resume xmlns='${SM}' previd='${id}' h='${h}'/>`
const chat = (to: string, text: string) =>
  `<message xmlns='jabber:client' to='${to}@im.test' type='chat'><body>${text}</body></message>`
const bodies = (text: string) => Array.from(text.matchAll(/<body>(.*?)<\/body>/g), ([, inside]) => inside)

/** Bound, available and resumable; returns the line and the id to come back with. */
async function resumable<L extends Line>(line: L, name: string, resource = 'r'): Promise<{ line: L; id: string }> {
  await bound(line, name, resource)
  line.send(ENABLE)
  const enabled = await line.until(/<enabled[^>]*\/>/)
  const id = / id="([^"]+)"/.exec(enabled)?.[1] ?? ''
  line.send('<presence xmlns="jabber:client"/>')
  await line.until(/<presence[^>]*>/)
  return { line, id }
}

/** Signed in again, up to the features that offer to resume. */
async function back<L extends Line>(line: L, name: string): Promise<L> {
  await signIn(line, name)
  return line
}

async function errorOf(line: Line): Promise<string> {
  return /<stream:error.*?<\/stream:error>/s.exec(await line.closed())?.[0] ?? ''
}

describe('counting', () => {
  test('stanzas are counted from <enable/> on, and nothing else is', async () => {
    const line = await bound(await server.tcp(), 'alice')
    line.send(
      `<presence/>${ENABLE}${R}${PING}${R}<active xmlns='urn:xmpp:csi:0'/>${chat('carol', 'one')}<inactive xmlns='urn:xmpp:csi:0'/>${R}`,
    )
    const text = await line.until(/<a xmlns="urn:xmpp:sm:3" h="2"\/>/)
    const all = Array.from(text.matchAll(/<a xmlns="urn:xmpp:sm:3" h="(\d)"\/>/g), ([, h]) => Number(h))
    expect(all[0]).toBe(0)
    expect(all).toEqual(all.toSorted((x, y) => x - y))
    line.destroy()
  })

  test('DS-22 acknowledging more than was sent ends the stream, at any size of the number', async () => {
    for (const h of [1_000, 4_294_967_295, 4_294_967_296, -1]) {
      const { line } = await resumable(await server.tcp(), 'alice', `h${h}`)
      line.send(a(h))
      const error = await errorOf(line)
      expect(error).toContain('<undefined-condition')
      expect(error).toMatch(/<handled-count-too-high xmlns="urn:xmpp:sm:3" h="\d+" send-count="\d+"\/>/)
    }
  })

  test.each([
    ['no count', `<a xmlns='${SM}'/>`, 'bad-format'],
    ['a count that is no number', a('many'), 'bad-format'],
    ['an unknown element', `<b xmlns='${SM}'/>`, 'unsupported-stanza-type'],
  ])('%s ends the stream', async (_what, text, condition) => {
    const { line } = await resumable(await server.tcp(), 'alice', 'odd')
    line.send(text)
    expect(await errorOf(line)).toContain(`<${condition} `)
  })

  test.each([
    ['enabling before binding', ENABLE, false],
    ['asking without having enabled', R, true],
    ['enabling twice', ENABLE + ENABLE, true],
    ['resuming when bound', `${ENABLE}${resume('x', 0)}`, true],
  ])('%s is an unexpected request, and the stream goes on', async (_what, text, isBound) => {
    const line = await server.tcp()
    await (isBound ? bound(line, 'alice', 'eager') : signIn(line, 'alice'))
    line.send(text)
    await line.until(/<failed xmlns="urn:xmpp:sm:3"><unexpected-request/)
    line.send(isBound ? PING : bindRequest())
    await line.until(isBound ? PONG : /<jid>/)
    line.destroy()
  })
})

describe('resuming', () => {
  test.each([
    ['tcp', 'bob'],
    ['webSocket', 'frank'],
  ] as const)(
    'after a loss over %s exactly what was not acknowledged comes again, once, and h is right',
    async (carrier, name) => {
      const { line, id } = await resumable(await server[carrier](), name, carrier)
      const sender = await bound(await server.tcp(), 'alice', `to-${carrier}`)
      sender.send(chat(name, 'seen') + chat(name, 'lost'))
      await line.until(/lost/)
      line.send(chat('carol', 'from bob'))
      line.send(R)
      await line.until(/<a xmlns="urn:xmpp:sm:3" h="2"\/>/)
      // Its own presence and the first message; the second one may never have arrived.
      line.send(a(2))
      line.send(PING)
      await line.until(PONG)
      line.destroy()
      sender.send(chat(name, 'meanwhile'))
      sender.send(PING)
      await sender.until(PONG)
      const again = await back(await server[carrier](), name)
      again.send(resume(id, 2))
      again.send(R)
      const text = await again.until(/<a xmlns="urn:xmpp:sm:3" h="3"\/>/)
      expect(text).toContain(`<resumed xmlns="urn:xmpp:sm:3" previd="${id}" h="3"/>`)
      expect(bodies(text)).toEqual(['lost', 'meanwhile'])
      expect(text.match(/id="ping"/g)).toHaveLength(1)
      again.destroy()
      sender.destroy()
    },
  )

  test('AU-20 the stream of somebody else, one that is over, and a guess are not found', async () => {
    const { line, id } = await resumable(await server.tcp(), 'alice', 'mine')
    line.send(chat('carol', 'counted') + R)
    await line.until(/h="2"\/>/)
    for (const guess of [id, '', 'x', `${id.slice(0, -1)}_`, '__proto__']) {
      const thief = await back(await server.tcp(), 'mallory')
      thief.send(resume(guess, 0))
      expect(await thief.until(/<failed.*?<\/failed>/)).toBe(
        '<failed xmlns="urn:xmpp:sm:3"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></failed>',
      )
      thief.send(bindRequest('own'))
      await thief.until(/mallory@im.test\/own/)
      thief.destroy()
    }
    line.send(PING)
    await line.until(PONG)
    // Closed properly, it cannot be resumed, but the count is still told.
    line.send('</stream:stream>')
    await line.closed()
    const late = await back(await server.tcp(), 'alice')
    late.send(resume(id, 0))
    expect(await late.until(/<failed.*?<\/failed>/)).toMatch(/<failed xmlns="urn:xmpp:sm:3" h="\d+"><item-not-found/)
    late.destroy()
  })

  test('a resumption with a wrong count ends that stream, and a right one still works', async () => {
    const { line, id } = await resumable(await server.tcp(), 'alice', 'twice')
    line.destroy()
    const wrong = await back(await server.tcp(), 'alice')
    wrong.send(resume(id, 99))
    expect(await errorOf(wrong)).toContain('handled-count-too-high')
    const right = await back(await server.tcp(), 'alice')
    right.send(resume(id, 0) + PING)
    await right.until(PONG)
    right.destroy()
  })

  test('the old connection is cut while it is still alive, and what it sent counts once', async () => {
    const { line, id } = await resumable(await server.tcp(), 'alice', 'moving')
    const erin = await bound(await server.tcp(), 'erin', 'watching')
    erin.send('<presence/>')
    await erin.until(/<presence[^>]*>/)
    const next = await back(await server.tcp(), 'alice')
    for (let n = 0; n < 20; n++) line.send(chat('erin', `m${n}`))
    next.send(resume(id, 0))
    const h = Number(/ h="(\d+)"/.exec(await next.until(/<resumed[^>]*>/))?.[1])
    // "the server SHOULD send a 'conflict' stream error and close that stream" (XEP-0198 §5).
    expect(await errorOf(line)).toContain('<conflict ')
    // The client sends again what is not counted: presence was the first stanza.
    for (let n = h - 1; n < 20; n++) next.send(chat('erin', `m${n}`))
    expect(bodies(await erin.until(/m19<\/body>/))).toEqual(Array.from({ length: 20 }, (_, n) => `m${n}`))
    next.destroy()
    erin.destroy()
  })

  test('of two that resume at once one has the session, and the other is cut', async () => {
    const { line, id } = await resumable(await server.tcp(), 'alice', 'raced')
    line.destroy()
    const [first, second] = await Promise.all([back(await server.tcp(), 'alice'), back(await server.tcp(), 'alice')])
    first.send(resume(id, 0))
    second.send(resume(id, 0))
    const isCut = async (line: Line) => expect(await errorOf(line)).toContain('<conflict ')
    const winner = await Promise.race([isCut(first).then(() => second), isCut(second).then(() => first)])
    winner.send(PING)
    await winner.until(PONG)
    const { body } = await server.admin('GET', '/api/v1/sessions')
    expect(JSON.stringify(body).match(/"jid":"alice@im.test\/raced"/g)).toHaveLength(1)
    winner.destroy()
  })

  test('the inventory tells who waits to come back, and the status counts who is there', async () => {
    const { line, id } = await resumable(await server.webSocket(), 'frank', 'tunnel')
    const frank = async () => {
      const { body } = await server.admin('GET', '/api/v1/sessions')
      return (body as { sessions: { jid: string }[] }).sessions.find(({ jid }) => jid === 'frank@im.test/tunnel')
    }
    const counted = async () => {
      const [list, status] = await Promise.all([
        server.admin('GET', '/api/v1/sessions'),
        server.admin('GET', '/api/v1/status'),
      ])
      const { sessions } = list.body as { sessions: { state: string }[] }
      const connected = sessions.filter(({ state }) => state === 'connected').length
      return { connected, counted: (status.body as { sessions: number }).sessions }
    }
    expect(await frank()).toMatchObject({ state: 'connected', transport: 'websocket' })
    line.destroy()
    // The server hears of the cut a moment later.
    await vi.waitFor(async () => expect(await frank()).toMatchObject({ state: 'waiting', transport: 'websocket' }))
    await vi.waitFor(async () => {
      const now = await counted()
      expect(now.counted).toBe(now.connected)
    })
    const again = await back(await server.tcp(), 'frank')
    again.send(resume(id, 0) + PING)
    await again.until(PONG)
    expect(await frank()).toMatchObject({ state: 'connected', transport: 'tcp' })
    again.destroy()
  })

  test('a stanza that ends the stream with an error takes the session along', async () => {
    const { line, id } = await resumable(await server.tcp(), 'alice', 'broken')
    line.send('<!-- -->')
    await line.closed()
    const late = await back(await server.tcp(), 'alice')
    late.send(resume(id, 0))
    await late.until(/<failed.*?item-not-found/)
    late.destroy()
  })

  test('what is unacknowledged when the session ends waits for the next one', async () => {
    const { line } = await resumable(await server.tcp(), 'dave', 'first')
    const sender = await bound(await server.tcp(), 'alice', 'to-dave')
    sender.send(chat('dave', 'not acknowledged'))
    await line.until(/not acknowledged/)
    line.send('</stream:stream>')
    await line.closed()
    const next = await bound(await server.tcp(), 'dave', 'second')
    next.send('<presence/>')
    await next.until(/not acknowledged/)
    next.destroy()
    sender.destroy()
  })
})

describe('client state (XEP-0352)', () => {
  test('presence waits for an inactive client, newest first to count; a message brings it along (XEP-0352 §3.2)', async () => {
    const { line: carol } = await resumable(await server.tcp(), 'carol', 'resting')
    const other = await bound(await server.tcp(), 'carol', 'busy')
    other.send('<presence/>')
    await carol.until(/carol@im.test\/busy/)
    carol.send(`${PING}<inactive xmlns='urn:xmpp:csi:0'/>`)
    await carol.until(PONG)
    other.send(`<presence><show>away</show></presence><presence><show>dnd</show></presence>${PING}`)
    await other.until(PONG)
    other.send(chat('carol', 'wake up'))
    const text = await carol.until(/wake up/)
    expect(text).toMatch(/<presence[^>]*busy[^>]*><show>dnd<\/show>.*wake up/)
    expect(text).not.toContain('<show>away</show>')
    carol.destroy()
    other.destroy()
  })

  test('whoever resumes is active again, and gets what waited after what was not acknowledged (XEP-0352 §5.2)', async () => {
    const { line: carol, id } = await resumable(await server.tcp(), 'carol', 'tunnel')
    const other = await bound(await server.tcp(), 'carol', 'home')
    other.send('<presence/>')
    await carol.until(/carol@im.test\/home/)
    carol.send(`<a xmlns='urn:xmpp:sm:3' h='0'/>${PING}<inactive xmlns='urn:xmpp:csi:0'/>`)
    await carol.until(PONG)
    carol.destroy()
    // While the client is away, of its contacts' presence only the newest is kept.
    for (const show of ['away', 'xa', 'chat', 'dnd']) other.send(`<presence><show>${show}</show></presence>`)
    other.send(PING)
    await other.until(PONG)
    const next = await back(await server.tcp(), 'carol')
    next.send(resume(id, 0) + PING)
    const text = await next.until(/<show>dnd<\/show>/)
    expect(text.match(/<show>\w+<\/show>/g)).toEqual(['<show>dnd</show>'])
    expect(text).toMatch(/<resumed.*id="ping".*<show>dnd/s)
    // Now it is active: nothing waits.
    other.send('<presence><show>away</show></presence>')
    await next.until(/<show>away<\/show>/)
    next.destroy()
    other.destroy()
  })
})

describe('load', () => {
  test('DS-11 a client that is too fast is not read for a while; it is not cut, and loses nothing (XEP-0205 §4.7)', async () => {
    const line = await bound(await server.tcp(), 'mallory', 'fast')
    const started = performance.now()
    const count = 2_600
    for (let n = 0; n < count; n += 100) line.send('<presence/>'.repeat(100))
    line.send(PING)
    const other = await bound(await server.tcp(), 'alice', 'calm')
    other.send(PING)
    await other.until(PONG)
    expect(line.text).not.toMatch(PONG)
    await line.until(PONG)
    // Four seconds' worth at once, the rest at the rate.
    expect(performance.now() - started).toBeGreaterThan(1_000)
    line.destroy()
    other.destroy()
  })

  test('OV-01 a client that does not read is cut off at its cap, resumes or not, and its sender does not notice', async () => {
    const { line: stuck, id } = await resumable(await server.tcp(), 'dave', 'stuck')
    stuck.pause()
    const sender = await bound(await server.tcp(), 'alice', 'flood')
    const text = 'x'.repeat(100_000)
    let isCut = false
    for (let n = 0; n < 200 && !isCut; n++) {
      sender.send(chat('dave', `${n} ${text}`) + PING)
      await sender.until(PONG)
      const { body } = await server.admin('GET', '/api/v1/sessions')
      isCut = !JSON.stringify(body).includes('dave@im.test/stuck')
    }
    expect(isCut).toBe(true)
    stuck.destroy()
    const next = await back(await server.tcp(), 'dave')
    next.send(resume(id, 0))
    await next.until(/<failed.*?item-not-found/)
    next.send(bindRequest('next'))
    next.send('<presence/>')
    await next.until(/<body>0 x/)
    next.destroy()
    sender.destroy()
  })
})

test('signing in by SCRAM on a resumed account still works, and nothing of ours has failed', async () => {
  const line = await server.tcp()
  await open(line)
  expect(await scram(line, 'bob')).toContain('<success')
  expect(server.complaints).toEqual([])
  line.destroy()
})
