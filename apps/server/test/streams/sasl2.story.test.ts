import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialTls, endPointOf, exporterOf } from './line.ts'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  ANSWER2,
  authenticate,
  bind2,
  conditionIn,
  decoded,
  ENABLE_CARBONS,
  ENABLE_SM,
  jidIn,
  plain2,
  response2,
  scram2,
  userAgent,
} from './sasl2.ts'
import { bindRequest, errorOf, FEATURES, header, open, openTls, partsOf, PING, PONG, response } from './sign-in.ts'

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false })
  await Promise.all(['alice', 'bob', 'carol', 'dave', 'erin'].map((name) => server.account(name)))
})

afterAll(() => server[Symbol.asyncDispose]())

const overTls = () => openTls(server.c2sTlsPort)

async function overWebSocket(): Promise<Line> {
  const line = await server.webSocket()
  await open(line)
  return line
}

/** Signs in and binds in one go, and takes everything up to the features. */
async function bound<L extends Line>(line: L, name: string, agent: string | undefined, inside = ''): Promise<string> {
  const outcome = await scram2(line, name, { inside: `${userAgent(agent)}${bind2('Test', inside)}` })
  await line.until(FEATURES)
  return outcome
}

describe('XEP-0388 §2 SASL2', () => {
  test('XEP-0388 §2.1, XEP-0386 §2.1, XEP-0484 §3.1: what is offered stands in one feature', async () => {
    const line = await dialTls(server.c2sTlsPort)
    const features = await open(line)
    expect(/<authentication.*<\/authentication>/s.exec(features)?.[0]).toBe(
      '<authentication xmlns="urn:xmpp:sasl:2"><mechanism>SCRAM-SHA-256-PLUS</mechanism>' +
        '<mechanism>SCRAM-SHA-256</mechanism><mechanism>PLAIN</mechanism><inline><bind xmlns="urn:xmpp:bind:0"><inline>' +
        '<feature var="urn:xmpp:sm:3"/><feature var="urn:xmpp:csi:0"/><feature var="urn:xmpp:carbons:2"/></inline></bind>' +
        '<sm xmlns="urn:xmpp:sm:3"/><fast xmlns="urn:xmpp:fast:0"><mechanism>HT-SHA-256-EXPR</mechanism>' +
        '<mechanism>HT-SHA-256-ENDP</mechanism><mechanism>HT-SHA-256-NONE</mechanism></fast></inline></authentication>',
    )
    line.destroy()
  })

  test.each([
    ['TCP', overTls],
    ['WebSocket', overWebSocket],
  ])(
    'XEP-0388 §2.6.1: over %s the stream goes on after success, with its features and no restart',
    async (_what, dial) => {
      const line = await dial()
      const outcome = await scram2(line, 'alice')
      expect(jidIn(outcome)).toBe('alice@im.test')
      expect(await line.until(FEATURES)).toMatch(/^<stream:features[^>]*><bind .*<sm /)
      line.send(bindRequest('after'))
      await line.until(/alice@im.test\/after/)
      line.send(PING)
      await line.until(PONG)
      line.destroy()
    },
  )

  test('XEP-0388 §2.3: PLAIN, and SCRAM without initial response, work as well', async () => {
    const line = await overTls()
    line.send(plain2('alice'))
    expect(jidIn(await line.until(ANSWER2))).toBe('alice@im.test')
    const other = await overTls()
    other.send(authenticate('PLAIN', undefined))
    expect(await other.until(ANSWER2)).toBe('<challenge xmlns="urn:xmpp:sasl:2"/>')
    other.send(response2('\0alice\0alice-password'))
    expect(jidIn(await other.until(ANSWER2))).toBe('alice@im.test')
    line.destroy()
    other.destroy()
  })

  test('white space around base64, as the examples of XEP-0388 §2.2 have it, does no harm', async () => {
    const line = await overTls()
    line.send(plain2('alice').replace('<initial-response>', '<initial-response>\n  ').replace('</init', '\n  </init'))
    expect(jidIn(await line.until(ANSWER2))).toBe('alice@im.test')
    line.destroy()
  })

  test.each([
    ['AU-01 PLAIN for somebody else', plain2('alice', undefined, '', 'bob@im.test'), 'invalid-authzid'],
    [
      'AU-02 SCRAM for somebody else',
      authenticate('SCRAM-SHA-256', 'n,a=bob@im.test,n=alice,r=0123456789'),
      'invalid-authzid',
    ],
    ['a wrong password', plain2('alice', 'wrong-password'), 'not-authorized'],
    ['AU-14 an unknown name', plain2('nobody', 'some-password'), 'not-authorized'],
    ['no mechanism', authenticate('', 'x'), 'invalid-mechanism'],
    [
      'a mechanism of tokens without <fast/> (XEP-0484 §3.4)',
      authenticate('HT-SHA-256-NONE', 'x'),
      'invalid-mechanism',
    ],
    [
      'a mechanism of passwords with <fast/> (XEP-0484 §3.4)',
      plain2('alice', undefined, `<fast xmlns='urn:xmpp:fast:0'/>`),
      'invalid-mechanism',
    ],
    [
      'text that is not base64',
      authenticate('PLAIN', 'x').replace(/>[^<]*<\/init/, '>a*b</init'),
      'incorrect-encoding',
    ],
    ['a client id of no length', plain2('alice', undefined, userAgent('')), 'malformed-request'],
    ['a client id without end', plain2('alice', undefined, userAgent('x'.repeat(129))), 'malformed-request'],
    [
      'a count that is no number',
      plain2('alice', undefined, `<fast xmlns='urn:xmpp:fast:0' count='-1'/>`),
      'malformed-request',
    ],
    ['an answer to no question', response2('x'), 'malformed-request'],
    ['a task that nobody gave', `<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'/>`, 'malformed-request'],
    ['an unknown element', `<success xmlns='urn:xmpp:sasl:2'/>`, 'malformed-request'],
    ['giving up', `<abort xmlns='urn:xmpp:sasl:2'><text>never mind</text></abort>`, 'aborted'],
  ])('XEP-0388 §2.6.2: %s fails, and the next try is as good as the first', async (_what, request, condition) => {
    const line = await overTls()
    line.send(request)
    expect(conditionIn(await line.until(ANSWER2))).toBe(condition)
    expect(await scram2(line, 'alice')).toContain('<success')
    line.destroy()
  })

  test('XEP-0388 §2.1: in the clear it is neither offered nor done', async () => {
    const line = await server.tcp()
    expect(await open(line)).not.toContain('authentication')
    line.send(plain2('alice'))
    expect(conditionIn(await line.until(ANSWER2))).toBe('encryption-required')
    line.destroy()
  })

  test('XEP-0388 §3.4: whom the stream was opened for is whom one may act for', async () => {
    for (const [from, isRight] of [
      ['alice@im.test', true],
      ['bob@im.test', false],
      ['@', false],
    ] as const) {
      const line = await dialTls(server.c2sTlsPort)
      line.send(header('tcp').replace(" to='", ` from='${from}' to='`))
      await line.until(FEATURES)
      line.send(plain2('alice', undefined, '', 'alice@im.test'))
      expect(conditionIn(await line.until(ANSWER2))).toBe(isRight ? undefined : 'invalid-authzid')
      line.destroy()
    }
  })

  test('an exchange is finished in the profile that it was begun in', async () => {
    const line = await overTls()
    line.send(authenticate('SCRAM-SHA-256', 'n,,n=alice,r=0123456789'))
    await line.until(/<challenge/)
    line.send(response('c=biws,r=0123456789,p=AAAA'))
    await line.until(/<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><malformed-request\/>/)
    line.destroy()
  })

  test('XEP-0388 §3.5: a client may give up while its password is looked at', async () => {
    const line = await overTls()
    line.send(`${plain2('alice')}<abort xmlns='urn:xmpp:sasl:2'/>`)
    expect(conditionIn(await line.until(ANSWER2))).toBe('aborted')
    expect(await scram2(line, 'bob')).toContain('bob@im.test')
    line.destroy()
  })

  test('AU-07, XEP-0388 §2.4: anything else while signing in ends the stream', async () => {
    for (const other of [PING, plain2('alice'), '<presence/>']) {
      const line = await overTls()
      line.send(plain2('alice') + other)
      expect(await errorOf(line)).toMatch(/^(policy-violation|not-authorized)$/)
    }
  })

  test('XEP-0388 §3.8: who is signed in cannot sign in again', async () => {
    const line = await overTls()
    await scram2(line, 'alice')
    line.send(plain2('alice'))
    expect(await errorOf(line)).toBe('not-authorized')
    const bindingToo = await overTls()
    await bound(bindingToo, 'alice', undefined)
    bindingToo.send(plain2('alice'))
    expect(await errorOf(bindingToo)).toBe('unsupported-stanza-type')
  })

  test('AU-15 the fifth failure ends the stream', async () => {
    const line = await overTls()
    for (let n = 0; n < 5; n++) {
      line.send(authenticate('CRAM-MD5', 'x'))
      await line.until(ANSWER2)
    }
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('DS-02 after success a stanza may be as large as on any other stream', async () => {
    for (const line of [await overTls(), await overWebSocket()]) {
      await bound(line, 'alice', undefined)
      line.send(PING.replace('<ping', `<x xmlns='urn:x'>${'x'.repeat(20_000)}</x><ping`))
      await line.until(/id="ping"/)
      line.destroy()
    }
  })

  test('AU-12 channel binding works as in classic SASL', async () => {
    for (const [type, bindingOf] of [
      ['tls-exporter', exporterOf],
      ['tls-server-end-point', endPointOf],
    ] as const) {
      const line = await overTls()
      const plus = { mechanism: 'SCRAM-SHA-256-PLUS', gs2: `p=${type},,` } as const
      expect(await scram2(line, 'alice', { ...plus, binding: bindingOf(line) })).toContain('<success')
      const other = await overTls()
      expect(conditionIn(await scram2(other, 'alice', { ...plus, binding: Buffer.alloc(32) }))).toBe('not-authorized')
      line.destroy()
      other.destroy()
    }
  })
})

describe('AU-13 XEP-0474 §6', () => {
  test('a client sees whether somebody changed the mechanisms or the channel bindings on the way', async () => {
    const mechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN']
    const bindings = ['tls-exporter', 'tls-server-end-point']
    const tls = await overTls()
    expect(await scram2(tls, 'alice', { offered: [mechanisms, bindings] })).toContain('<success')
    tls.destroy()
    const stripped = await overTls()
    await expect(scram2(stripped, 'alice', { offered: [mechanisms.slice(1), bindings] })).rejects.toThrow('the offer')
    stripped.destroy()
    const ws = await overWebSocket()
    expect(await scram2(ws, 'alice', { offered: [['SCRAM-SHA-256']] })).toContain('<success')
    ws.destroy()
  })
})

describe('AU-13 XEP-0515 §4', () => {
  const first = (line: Line) => {
    line.send(authenticate('SCRAM-SHA-256', 'n,,n=alice,r=0123456789'))
    return line.until(ANSWER2).then((challenge) => partsOf(decoded(challenge, 'challenge')))
  }

  test.each([
    ['0304', 'TLSv1.3'],
    ['0303', 'TLSv1.2'],
  ] as const)('XEP-0515 §4.1: the server says the version of TLS as it sees it: %s', async (version, protocol) => {
    const line = await openTls(server.c2sTlsPort, { minVersion: protocol, maxVersion: protocol })
    expect((await first(line))['t']).toBe(version)
    line.destroy()
  })

  test('XEP-0515 §4.2: "If the version numbers do not match, the client MUST fail the authentication"', async () => {
    const line = await openTls(server.c2sTlsPort, { maxVersion: 'TLSv1.2' })
    expect(await scram2(line, 'alice', { tlsVersion: '0303' })).toContain('<success')
    line.destroy()
    // Somebody in between speaks TLS 1.3 to the client, so that it does without the exporter of this connection.
    const between = await openTls(server.c2sTlsPort, { maxVersion: 'TLSv1.2' })
    await expect(scram2(between, 'alice', { tlsVersion: '0304' })).rejects.toThrow('another TLS')
    between.destroy()
  })

  test('XEP-0515 §4.2: who changes the number on the way changes what the proof is about', async () => {
    const line = await openTls(server.c2sTlsPort, { maxVersion: 'TLSv1.2' })
    const onTheWay = (serverFirst: string) => serverFirst.replace(',t=0303', ',t=0304')
    const outcome = await scram2(line, 'alice', { tlsVersion: '0304', onTheWay })
    expect(conditionIn(outcome)).toBe('not-authorized')
    // Leaving it out helps as little.
    const stripped = await scram2(line, 'alice', { onTheWay: (serverFirst) => serverFirst.replace(/,t=\d+/, '') })
    expect(conditionIn(stripped)).toBe('not-authorized')
    line.destroy()
  })

  test('XEP-0515 §3: where TLS ends elsewhere, or a browser cannot know, nothing is said of it', async () => {
    const line = await overWebSocket()
    expect(await first(line)).not.toHaveProperty('t')
    line.destroy()
  })

  test('XEP-0515 §5, XEP-0440 §4: TLS 1.2 has no exporter to bind to, and the list says so', async () => {
    const line = await dialTls(server.c2sTlsPort, { maxVersion: 'TLSv1.2' })
    const types = [...(await open(line)).matchAll(/<channel-binding type="([^"]+)"/g)].map(([, type]) => type)
    expect(types).toEqual(['tls-server-end-point'])
    const offered = [['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN'], types as string[]]
    expect(await scram2(line, 'alice', { tlsVersion: '0303', offered })).toContain('<success')
    line.destroy()
  })
})

describe('XEP-0386 §2.2 Bind 2', () => {
  test('one round trip after the password: bound, with carbons, stream management and the state of the archive', async () => {
    const line = await overTls()
    const outcome = await scram2(line, 'bob', {
      inside: `${userAgent('bob-laptop')}${bind2('Test', `${ENABLE_CARBONS}${ENABLE_SM}<inactive xmlns='urn:xmpp:csi:0'/>`)}`,
    })
    expect(jidIn(outcome)).toMatch(/^bob@im.test\/Test\/[\w-]{12}$/)
    expect(outcome).toMatch(
      /<bound xmlns="urn:xmpp:bind:0"><enabled xmlns="urn:xmpp:sm:3" id="[^"]+" resume="true" max="\d+"\/><metadata xmlns="urn:xmpp:mam:2"\/><\/bound><\/success>$/,
    )
    const features = await line.until(FEATURES)
    expect(features).not.toContain('urn:ietf:params:xml:ns:xmpp-bind')
    expect(features).not.toContain('urn:xmpp:sm:3')
    line.send(`${PING}<r xmlns='urn:xmpp:sm:3'/>`)
    await line.until(/<a xmlns="urn:xmpp:sm:3" h="[01]"\/>/)
    const { body } = await server.admin('GET', '/api/v1/sessions')
    expect(JSON.stringify(body)).toContain(jidIn(outcome))
    line.destroy()
  })

  test('XEP-0386 §2.2.1: a client has the same resource every time, which does not show its id', async () => {
    const jids: (string | undefined)[] = []
    for (const agent of ['phone-1', 'phone-1', 'phone-2', undefined, undefined]) {
      const line = await overTls()
      jids.push(jidIn(await bound(line, 'carol', agent)))
      line.destroy()
    }
    const [first, again, other, ...random] = jids
    expect(again).toBe(first)
    expect(new Set([first, other, ...random]).size).toBe(4)
    expect(jids.join()).not.toContain('phone')
  })

  test('XEP-0386 §2.2.1: a tag that no address can hold is left out', async () => {
    const line = await overTls()
    const inside = bind2('x'.repeat(1_024))
    expect(jidIn(await scram2(line, 'carol', { inside }))).toMatch(/^carol@im.test\/[\w-]{12}$/)
    line.destroy()
  })

  test('XEP-0386 §2.2: an earlier session of the same client ends, whatever its tag, and no other', async () => {
    const before = await overTls()
    await bound(before, 'dave', 'same')
    const other = await overTls()
    await bound(other, 'dave', 'other')
    const after = await overTls()
    await scram2(after, 'dave', { inside: `${userAgent('same')}${bind2('Another')}` })
    expect(await errorOf(before)).toBe('conflict')
    other.send(PING)
    await other.until(PONG)
    other.destroy()
    after.destroy()
  })

  test('RFC 6120 §7: a client that binds by itself may have several sessions, as a browser has tabs', async () => {
    const tabs = await Promise.all([overTls(), overTls()])
    for (const [i, tab] of tabs.entries()) {
      await scram2(tab, 'dave', { inside: userAgent('browser') })
      tab.send(bindRequest(`tab-${i}`))
      await tab.until(/<iq[^>]*>/)
    }
    for (const tab of tabs) {
      tab.send(PING)
      await tab.until(PONG)
      tab.destroy()
    }
  })

  test('XEP-0386 §2.2: messages that waited are not sent, for the archive has them', async () => {
    const bob = await overTls()
    await bound(bob, 'bob', undefined)
    bob.send(`<message to='erin@im.test' type='chat'><body>while you were away</body></message>${PING}`)
    await bob.until(PONG)
    const erin = await overTls()
    const outcome = await bound(erin, 'erin', 'erin-laptop')
    expect(outcome).toMatch(/<metadata xmlns="urn:xmpp:mam:2"><start id="[^"]+" timestamp="[^"]+"\/><end /)
    erin.send(`<presence/>${PING}`)
    expect(await erin.until(PONG)).not.toContain('while you were away')
    bob.send(`<message to='erin@im.test' type='chat'><body>now you are here</body></message>`)
    await erin.until(/now you are here/)
    bob.destroy()
    erin.destroy()
  })

  test('XEP-0386 §2.2: a wrong password binds nothing', async () => {
    const line = await overTls()
    const inside = `${userAgent('dave-x')}${bind2('Never')}`
    expect(conditionIn(await scram2(line, 'dave', { password: 'wrong-password', inside }))).toBe('not-authorized')
    const { body } = await server.admin('GET', '/api/v1/sessions')
    expect(JSON.stringify(body)).not.toContain('Never')
    line.destroy()
  })
})

describe('XEP-0198 §5, XEP-0386 §2.2: resuming while signing in', () => {
  const resume = (id: string, h = 0) => `<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='${h}'/>`
  async function resumable(name: string, agent: string) {
    const line = await overTls()
    const outcome = await bound(line, name, agent, ENABLE_SM)
    return { line, jid: jidIn(outcome) ?? '', id: /<enabled[^>]* id="([^"]+)"/.exec(outcome)?.[1] ?? '' }
  }

  test.each([
    ['TCP', overTls],
    ['WebSocket', overWebSocket],
  ])('over %s the session goes on, and what the client missed follows its success', async (_what, dial) => {
    const { line, jid, id } = await resumable('alice', 'resuming')
    line.destroy()
    const bob = await overTls()
    await bound(bob, 'bob', undefined)
    bob.send(`<message to='${jid}' type='chat'><body>missed</body></message>${PING}`)
    await bob.until(PONG)
    const back = await dial()
    const outcome = await scram2(back, 'alice', { inside: userAgent('resuming') + resume(id) + bind2('Ignored') })
    expect(jidIn(outcome)).toBe(jid)
    expect(outcome).toContain(`<resumed xmlns="urn:xmpp:sm:3" previd="${id}" h="0"/>`)
    expect(outcome).not.toContain('<bound')
    expect(await back.until(/missed/)).toMatch(/<stream:features.*<message/s)
    back.send(PING)
    await back.until(PONG)
    back.destroy()
    bob.destroy()
  })

  test('AU-20 who cannot resume is told so, and binds anew (XEP-0386 §2.2)', async () => {
    const { line, id } = await resumable('alice', 'victim')
    const thief = await overTls()
    const outcome = await scram2(thief, 'bob', { inside: resume(id) + bind2('Test') })
    expect(outcome).toMatch(/<failed xmlns="urn:xmpp:sm:3"><item-not-found [^>]*\/><\/failed><bound /)
    expect(jidIn(outcome)).toMatch(/^bob@im.test\/Test\//)
    line.send(PING)
    await line.until(PONG)
    const only = await overTls()
    expect(await scram2(only, 'bob', { inside: resume('never-was') })).toMatch(/<item-not-found/)
    expect(await only.until(FEATURES)).toContain('urn:ietf:params:xml:ns:xmpp-bind')
    for (const each of [line, thief, only]) each.destroy()
  })

  test('DS-22 a count that was never sent ends the stream', async () => {
    const { line, id } = await resumable('alice', 'counting')
    line.destroy()
    const back = await overTls()
    const client = scram2(back, 'alice', { inside: resume(id, 7) }).catch(() => undefined)
    expect(await back.closed()).toContain('handled-count-too-high')
    void client
  })
})

test('XEP-0388 §2.3: a client is listed as what it says it is', async () => {
  const line = await overTls()
  const outcome = await scram2(line, 'alice', { inside: `${userAgent('known', 'Gajim 2.1')}${bind2(undefined)}` })
  const { body } = await server.admin('GET', '/api/v1/sessions')
  const { sessions } = body as { sessions: { jid: string; client: unknown }[] }
  expect(sessions.find(({ jid }) => jid === jidIn(outcome))).toMatchObject({
    client: { family: 'gajim', version: '2.1', source: 'user-agent', tier: 'E1' },
  })
  line.destroy()
})

test('AU-04, AU-25 EXTERNAL and others, OAUTHBEARER without an issuer, are never offered and cannot be begun', async () => {
  const line = await dialTls(server.c2sTlsPort)
  const features = await open(line)
  const mechanisms = ['OAUTHBEARER', 'EXTERNAL', 'DIGEST-MD5', 'CRAM-MD5', 'ANONYMOUS', 'SCRAM-SHA-1']
  for (const mechanism of mechanisms) expect(features).not.toContain(`>${mechanism}<`)
  line.destroy()
  for (const mechanism of mechanisms) {
    const other = await overTls()
    other.send(authenticate(mechanism, 'n,a=bob@im.test,\u0001auth=Bearer eyJhbGciOiJub25lIn0.e30.\u0001\u0001'))
    expect(conditionIn(await other.until(ANSWER2))).toBe('invalid-mechanism')
    other.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>eA==</auth>`)
    await other.until(/<invalid-mechanism\/>/)
    other.destroy()
  }
})

// AU-24 mfa-bypass: no account has a second factor yet, so there is nothing to get around. What can be shown until then:
// none is offered, asked for, or taken, and who says so all the same is refused, not let in half-way.
test('AU-24 there are no second factors: none is offered or asked for, and no task for one is accepted', async () => {
  const line = await dialTls(server.c2sTlsPort)
  const features = await open(line)
  const begun = await scram2(line, 'alice', { inside: bind2(undefined) })
  // Names of elements and mechanisms; ids and proofs may spell anything.
  const words = [features, begun].flatMap((text) => [...text.matchAll(/<([\w:-]+)|<mechanism>([^<]+)/g)].map(String))
  for (const word of words) expect(word).not.toMatch(/2fa|totp|otp|u2f|webauthn|task/i)
  // One factor is all there is: the next word is success.
  expect(begun).toContain('<success')
  line.destroy()

  const next = (task: string) => `<next xmlns='urn:xmpp:sasl:2' task='${task}'/>`
  const REFUSED = /<failure.*<\/failure>|<stream:error.*<\/stream:error>/s
  for (const task of ['HOTP-6', 'TOTP-6', '2fa', 'UPGR-SCRAM-SHA-512']) {
    const before = await overTls()
    before.send(next(task))
    expect(await before.until(REFUSED), task).not.toContain('<success')
    before.destroy()
    const during = await overTls()
    during.send(authenticate('SCRAM-SHA-256', 'n,,n=alice,r=0123456789'))
    await during.until(ANSWER2)
    during.send(next(task))
    expect(await during.until(REFUSED), task).not.toContain('<success')
    // Nothing of it counts as signed in.
    during.send(PING)
    expect(await during.closed(), task).toContain('<not-authorized')
  }
})

test('SCRAM states its salt and rounds, and nothing of the account', async () => {
  const line = await overTls()
  line.send(authenticate('SCRAM-SHA-256', 'n,,n=alice,r=0123456789'))
  expect(Object.keys(partsOf(decoded(await line.until(ANSWER2), 'challenge')))).toEqual(['r', 's', 'i', 'h', 't'])
  line.destroy()
})

test('nothing of ours has failed', () => {
  expect(server.complaints).toEqual([])
})
