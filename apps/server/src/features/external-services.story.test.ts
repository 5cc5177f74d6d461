import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import { externalServicesConfig } from './external-services.config.ts'

// XEP-0215: External Service Discovery.

const NS = 'xmlns="urn:xmpp:extdisco:2"'
const SECRET = 'a secret that coturn has as well'
const NOW = new Date('2026-11-23T08:00:00Z')
const SETTINGS = {
  now: () => NOW,
  settings: {
    externalServices: {
      services: 'stun:turn.im.test, turn:turn.im.test:3478?transport=udp turns:turn.im.test',
      turnSecret: SECRET,
      turnTtlMs: 3_600_000,
    },
  },
}

test('a client learns of STUN and TURN, with credentials that end by themselves (XEP-0215 §3.1, §2)', async () => {
  await using s = await story({ alice: 1 }, SETTINGS)
  const answer = await s.alice.ask('get', `<services ${NS}/>`, 'im.test')
  const services =
    answer
      .getChild('services')
      ?.getChildren('service')
      .map(({ attrs }) => ({ ...attrs })) ?? []
  expect(services.map(({ type, host, port, transport }) => [type, host, port, transport])).toEqual([
    ['stun', 'turn.im.test', '3478', 'udp'],
    ['turn', 'turn.im.test', '3478', 'udp'],
    ['turns', 'turn.im.test', '5349', 'tcp'],
  ])
  const [stun, turn] = services
  expect(stun).not.toHaveProperty('password')
  expect(turn).toMatchObject({ restricted: 'true', expires: '2026-11-23T09:00:00.000Z' })
  const { username = '', password } = turn ?? {}
  expect(username).toMatch(/^1795424400:[0-9a-f]{16}$/)
  // The REST scheme of coturn (use-auth-secret): base64(HMAC-SHA1(secret, username)).
  expect(password).toBe(createHmac('sha1', SECRET).update(username).digest('base64'))
  // Nobody on the way learns whose call it is.
  expect(username).not.toContain('alice')
})

test('a client asks for the services of one type (XEP-0215 §3.2)', async () => {
  await using s = await story({ alice: 1 }, SETTINGS)
  const answer = await s.alice.ask('get', `<services ${NS} type="turns"/>`, 'im.test')
  expect(answer.toString().match(/<service /g)).toHaveLength(1)
  expect(answer.getChild('services')?.attrs['type']).toBe('turns')
  expect((await s.alice.ask('get', `<services ${NS} type="ftp"/>`, 'im.test')).toString()).not.toContain('<service ')
})

test('a client that knows a service asks for credentials only (XEP-0215 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, SETTINGS)
  const ask = (who: typeof s.alice, service: string) =>
    who.ask('get', `<credentials ${NS}>${service}</credentials>`, 'im.test')
  const answer = await ask(s.alice, '<service host="turn.im.test" type="turn"/>')
  const { username, password } = answer.getChild('credentials')?.getChild('service')?.attrs ?? {}
  expect(password).toBeDefined()
  // Each account has a name of its own, which the TURN server can tell apart.
  expect((await ask(s.bob, '<service host="turn.im.test" type="turn"/>')).toString()).not.toContain(username)
  expect((await ask(s.alice, '<service host="turn.im.test" type="turn" port="3478"/>')).attrs['type']).toBe('result')
  expect((await ask(s.alice, '<service host="turn.im.test" type="turn" port="1"/>')).toString()).toContain(
    'item-not-found',
  )
  expect((await ask(s.alice, '<service host="evil.test" type="turn"/>')).toString()).toContain('item-not-found')
  expect((await ask(s.alice, '<service host="turn.im.test"/>')).toString()).toContain('bad-request')
  expect((await ask(s.alice, '')).toString()).toContain('bad-request')
})

test('the server says that it knows services (XEP-0215 §5), and that there are none', async () => {
  await using s = await story({ alice: 1 })
  const info = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'im.test')
  expect(info.toString()).toContain('var="urn:xmpp:extdisco:2"')
  const answer = await s.alice.ask('get', `<services ${NS}/>`, 'im.test')
  expect(answer.getChild('services')?.children).toEqual([])
})

describe('the setting', () => {
  const parse = (services: string) => externalServicesConfig.safeParse({ services })
  test.each(['turn:h:0', 'turn:h:70000', 'http://h', 'turn:user@h', 'turn:', 'turn:h?transport=sctp', 'turn:h/x'])(
    '%s is no service',
    (uri) => expect(parse(uri).success).toBe(false),
  )
  test('an address of IPv6 stands in brackets', () => {
    expect(parse('stun:[2001:db8::1]:3478').data?.services).toEqual([
      { type: 'stun', host: '[2001:db8::1]', port: 3_478, transport: 'udp' },
    ])
  })
})
