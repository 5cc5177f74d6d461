import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serverConfig } from '../../src/server.config.ts'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound, signIn } from './sign-in.ts'

// What other servers are known to answer otherwise than the RFC or the extension says: each line of it, asked of a running
// server by a client that knows nothing but bytes.

const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const
type Person = (typeof PEOPLE)[number]

let server: RunningServer
const lines = {} as Record<Person, Line>

beforeAll(async () => {
  server = await runServer({ web: { publicUrl: 'https://chat.im.test' } })
  for (const name of PEOPLE) {
    await server.account(name, { isAdmin: name === 'alice' })
    lines[name] = await bound(await server.tcp(), name)
    lines[name].send('<presence xmlns="jabber:client"/>')
    await lines[name].until(/<presence[^>]*>/)
  }
})

afterAll(() => server[Symbol.asyncDispose]())

const NS = {
  info: 'http://jabber.org/protocol/disco#info',
  items: 'http://jabber.org/protocol/disco#items',
  muc: 'http://jabber.org/protocol/muc',
  commands: 'http://jabber.org/protocol/commands',
  admin: 'http://jabber.org/protocol/admin',
}

let count = 0

/** Sends a stanza under an id of its own and returns what comes back under it. */
async function answerTo(who: Person, stanza: string): Promise<string> {
  const id = `n${++count}`
  lines[who].send(stanza.replace(' ', ` xmlns="jabber:client" id="${id}" `))
  const name = /^<(\w+)/.exec(stanza)?.[1] ?? ''
  const found = await lines[who].until(
    new RegExp(`<${name}\\b[^>]*\\bid="${id}"[^>]*?(?:/>|(?<!/)>.*?</${name}>)`, 's'),
  )
  return found.slice(found.lastIndexOf(`<${name} `))
}

const conditionOf = (answer: string): string | undefined => /<error\b[^>]*><([\w-]+)/.exec(answer)?.[1]
const errorTo = async (who: Person, stanza: string) => conditionOf(await answerTo(who, stanza))
const ask = (who: Person, type: 'get' | 'set', to: string, payload: string) =>
  answerTo(who, `<iq type="${type}" to="${to}">${payload}</iq>`)
const query = (xmlns: string, attrs = '', inside = '') => `<query xmlns="${xmlns}"${attrs}>${inside}</query>`

describe('messages and requests', () => {
  test('what is for one device that is not there is not given to another, and the sender hears so (RFC 6121 §8.5.3.2.1)', async () => {
    for (const type of ['normal', 'headline', 'groupchat']) {
      const stanza = `<message type="${type}" to="bob@im.test/gone"><body>x</body></message>`
      expect([type, await errorTo('alice', stanza)]).toEqual([type, 'service-unavailable'])
    }
    lines.alice.send(
      '<message xmlns="jabber:client" type="chat" to="bob@im.test/gone"><body>as if to the account</body></message>',
    )
    expect(await lines.bob.until(/as if to the account/)).not.toContain('<body>x')
  })

  test('a device that has lost its connection and may come back is there (RFC 6121 §8.5.3.1, XEP-0198 §5)', async () => {
    const first = await bound(await server.tcp(), 'bob', 'phone')
    first.send(`<presence xmlns="jabber:client"/><enable xmlns='urn:xmpp:sm:3' resume='true'/>`)
    const id = / id="([^"]+)"/.exec(await first.until(/<enabled[^>]*\/>/))?.[1] ?? ''
    first.destroy()
    await first.closed()
    const kept = '<message type="normal" to="bob@im.test/phone"><body>for the phone</body></message>'
    lines.alice.send(kept.replace(' ', ' xmlns="jabber:client" id="kept" '))
    // Nothing came back before this did.
    await ask('alice', 'get', 'im.test', '<ping xmlns="urn:xmpp:ping"/>')
    expect(lines.alice.text).not.toContain('id="kept"')
    const again = await server.tcp()
    await signIn(again, 'bob')
    again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`)
    expect(await again.until(/for the phone/)).toContain('<resumed')
    again.destroy()
  })

  test('a contact in a group without a name is not acceptable, new or known (RFC 6121 §2.3.3, §2.4.3)', async () => {
    const set = (inside: string) =>
      ask('carol', 'set', 'carol@im.test', query('jabber:iq:roster', '', `<item jid="dave@im.test">${inside}</item>`))
    expect(conditionOf(await set('<group/>'))).toBe('not-acceptable')
    expect(conditionOf(await set('<group>Work</group>'))).toBeUndefined()
    expect(conditionOf(await set('<group>Work</group><group></group>'))).toBe('not-acceptable')
  })

  test('nobody learns by a request whether an account exists (RFC 6121 §8.5.1, XEP-0030 §8, XEP-0054 §3.3)', async () => {
    for (const to of ['nobody@im.test', 'dave@im.test']) {
      const conditions = [
        await ask('bob', 'get', to, '<query xmlns="urn:example:unknown"/>'),
        await ask('bob', 'get', to, query(NS.info)),
        await ask('bob', 'get', to, query(NS.info, ' node="urn:example:node"')),
        await ask('bob', 'get', to, '<vCard xmlns="vcard-temp"/>'),
      ].map(conditionOf)
      expect([to, ...conditions]).toEqual([to, ...Array.from({ length: 4 }, () => 'service-unavailable')])
      // §8: the exception.
      for (const node of ['', ' node="urn:example:node"']) {
        const answer = await ask('bob', 'get', to, query(NS.items, node))
        expect(conditionOf(answer)).toBeUndefined()
        expect(answer).not.toContain('<item')
      }
    }
  })
})

describe('rooms', () => {
  const HALL = 'hall@rooms.im.test'
  const OTHER = 'other@rooms.im.test'
  const item = (attrs: string) => query(`${NS.muc}#admin`, '', `<item ${attrs}/>`)
  const affiliate = (who: Person, affiliation: string, target: string) =>
    ask(who, 'set', HALL, item(`affiliation="${affiliation}" jid="${target}@im.test"`))
  const list = (who: Person, attrs: string) => ask(who, 'get', HALL, item(attrs))
  const form = (fields: Record<string, string> = {}) =>
    `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>${NS.muc}#roomconfig</value></field>${Object.entries(
      fields,
    )
      .map(([name, value]) => `<field var="muc#roomconfig_${name}"><value>${value}</value></field>`)
      .join('')}</x>`
  const configure = (who: Person, fields: Record<string, string> = {}, room = HALL) =>
    ask(who, 'set', room, query(`${NS.muc}#owner`, '', form(fields)))

  /** Enters and waits until it is inside, or for the error. */
  async function enter(who: Person, room = HALL): Promise<string> {
    const nick = who[0]!.toUpperCase() + who.slice(1)
    lines[who].send(`<presence xmlns="jabber:client" to="${room}/${nick}"><x xmlns="${NS.muc}"/></presence>`)
    return lines[who].until(
      new RegExp(
        `<presence[^>]*from="${room}(/${nick})?"[^>]*>((?!</presence>).)*(code="110"|<error).*?</presence>`,
        's',
      ),
    )
  }

  beforeAll(async () => {
    await enter('bob')
    await configure('bob')
    await affiliate('bob', 'admin', 'carol')
    await enter('carol')
    await enter('dave')
  })

  test('who lacks the role or affiliation for something is told forbidden (XEP-0045 §8, §9, §10.2 to §10.9)', async () => {
    const tries: readonly [string, string][] = [
      ['kick', item('nick="Bob" role="none"')],
      ['voice', item('nick="Carol" role="visitor"')],
      ['moderator', item('nick="Dave" role="moderator"')],
      ['ban', item('affiliation="outcast" jid="carol@im.test"')],
      ['membership', item('affiliation="member" jid="alice@im.test"')],
      ['admin', item('affiliation="admin" jid="dave@im.test"')],
      ['owner', item('affiliation="owner" jid="dave@im.test"')],
      ['configuration', query(`${NS.muc}#owner`, '', form())],
      ['destruction', query(`${NS.muc}#owner`, '', '<destroy/>')],
    ]
    for (const [what, payload] of tries) {
      expect([what, conditionOf(await ask('dave', 'set', HALL, payload))]).toEqual([what, 'forbidden'])
    }
    expect(conditionOf(await ask('dave', 'get', HALL, query(`${NS.muc}#owner`)))).toBe('forbidden')
    expect(conditionOf(await list('dave', 'affiliation="outcast"'))).toBe('forbidden')
    expect(conditionOf(await list('dave', 'role="participant"'))).toBe('forbidden')
    // §10.5, §10.8: neither do admins, where addresses are not for everybody.
    for (const affiliation of ['owner', 'admin']) {
      expect(conditionOf(await list('carol', `affiliation="${affiliation}"`))).toBe('forbidden')
    }
  })

  test('who may do such things, but not to somebody like that, is told not-allowed (XEP-0045 §8.2, §8.4, §9.1, §9.7)', async () => {
    for (const attrs of [
      'nick="Bob" role="none"',
      'nick="Bob" role="visitor"',
      'affiliation="outcast" jid="bob@im.test"',
    ]) {
      expect([attrs, conditionOf(await ask('carol', 'set', HALL, item(attrs)))]).toEqual([attrs, 'not-allowed'])
    }
  })

  test('nobody bans himself, and the last owner stays one, by list and by form (XEP-0045 §9.1, §10.2, §10.4)', async () => {
    expect(conditionOf(await affiliate('carol', 'outcast', 'carol'))).toBe('conflict')
    expect(conditionOf(await affiliate('bob', 'outcast', 'bob'))).toBe('conflict')
    expect(conditionOf(await affiliate('bob', 'member', 'bob'))).toBe('conflict')
    expect(conditionOf(await configure('bob', { roomowners: '' }))).toBe('conflict')
  })

  test('role and affiliation in one item are a bad request, and so is a look at somebody inside from outside (XEP-0045 §6.6, §17.4)', async () => {
    const both = 'nick="Dave" role="visitor" affiliation="member" jid="dave@im.test"'
    expect(conditionOf(await ask('bob', 'set', HALL, item(both)))).toBe('bad-request')
    for (const xmlns of [NS.info, NS.items]) {
      expect(conditionOf(await ask('alice', 'get', `${HALL}/Bob`, query(xmlns)))).toBe('bad-request')
    }
  })

  test('a private message needs two who are inside (XEP-0045 §7.5)', async () => {
    const whisper = (nick: string) => `<message type="chat" to="${HALL}/${nick}"><body>x</body></message>`
    expect(await errorTo('alice', whisper('Bob'))).toBe('not-acceptable')
    expect(await errorTo('dave', whisper('Nobody'))).toBe('item-not-found')
  })

  test('a message comes back under its own id, and the room says that it does (XEP-0045 §7.4)', async () => {
    const answer = await answerTo('dave', `<message type="groupchat" to="${HALL}"><body>hello</body></message>`)
    expect(answer).toContain(`from="${HALL}/Dave"`)
    for (const to of ['rooms.im.test', HALL]) {
      expect(await ask('dave', 'get', to, query(NS.info))).toContain(`<feature var="${NS.muc}#stable_id"/>`)
    }
  })

  test('who cancels the first configuration has no room (XEP-0045 §10.1.1)', async () => {
    await enter('carol', OTHER)
    const cancel = query(`${NS.muc}#owner`, '', '<x xmlns="jabber:x:data" type="cancel"/>')
    expect(conditionOf(await ask('carol', 'set', OTHER, cancel))).toBeUndefined()
    expect(conditionOf(await ask('carol', 'get', OTHER, query(NS.info)))).toBe('item-not-found')
  })

  test('a room that becomes one for members puts others out, and says why to them and to those who stay; members read who they are (XEP-0045 §9.5, §10.2)', async () => {
    await affiliate('bob', 'member', 'carol')
    const change = query(`${NS.muc}#owner`, '', form({ membersonly: '1', whois: 'anyone' }))
    lines.bob.send(`<iq xmlns="jabber:client" type="set" id="members" to="${HALL}">${change}</iq>`)
    const gone = new RegExp(`<presence[^>]*from="${HALL}/Dave"[^>]*>((?!</presence>).)*code="322"`, 's')
    for (const who of ['dave', 'bob', 'carol'] as const) expect(await lines[who].until(gone)).toContain('unavailable')
    expect(await list('carol', 'affiliation="member"')).toContain('jid="carol@im.test"')
    expect(await enter('dave')).toContain('<registration-required')
  })

  test('where only administrators make rooms, others are told not-allowed (XEP-0045 §10.1.1)', async () => {
    await using closed = await runServer({ limits: { roomCreation: 'admins' } })
    await closed.account('bob')
    const line = await bound(await closed.tcp(), 'bob')
    line.send(`<presence xmlns="jabber:client" to="${OTHER}/Bob"><x xmlns="${NS.muc}"/></presence>`)
    expect(conditionOf(await line.until(/<presence[^>]*type="error".*?<\/presence>/s))).toBe('not-allowed')
    line.destroy()
  })
})

describe('files', () => {
  test('both addresses of a slot are https (XEP-0363 §4)', async () => {
    const request = '<request xmlns="urn:xmpp:http:upload:0" filename="a.png" size="100" content-type="image/png"/>'
    const answer = await ask('bob', 'get', 'upload.im.test', request)
    const urls = [...answer.matchAll(/<(put|get) url="([^"]*)"/g)].map(([, what, url]) => [
      what,
      new URL(url!).protocol,
    ])
    expect(urls).toEqual([
      ['put', 'https:'],
      ['get', 'https:'],
    ])
  })

  test('a server whose links would be plain http does not start, but for tests on its own machine (XEP-0363 §4)', () => {
    const common = { dataDir: '/data', domain: 'im.test' }
    const rest = { stream: {}, limits: {}, policy: {} }
    const faults = (web: object, more: object = {}) =>
      serverConfig
        .safeParse({ ...rest, common: { ...common, ...more }, web })
        .error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
    for (const key of ['publicUrl', 'mediaUrl']) {
      const [fault] = faults({ [key]: 'http://chat.im.test' }) ?? []
      expect(fault).toMatch(new RegExp(`^web.${key} must be an https address`))
      for (const good of ['https://chat.im.test', 'http://localhost:8080', 'http://127.0.0.1:8080']) {
        expect(faults({ [key]: good }), good).toBeUndefined()
      }
      expect(faults({ [key]: 'http://chat.im.test' }, { allowPlaintext: true })).toBeUndefined()
    }
  })
})

describe('administration', () => {
  test('an administrator finds the commands at the server and at her own address; others find none and may execute none (XEP-0133 §2, §6)', async () => {
    const commands = query(NS.items, ` node="${NS.commands}"`)
    const end = `<command xmlns="${NS.commands}" node="${NS.admin}#get-online-users-num" action="execute"/>`
    for (const [who, isAdmin] of [
      ['alice', true],
      ['bob', false],
    ] as const) {
      for (const to of ['im.test', `${who}@im.test`]) {
        const found = await ask(who, 'get', to, commands)
        expect([to, found.includes(`node="${NS.admin}#`)]).toEqual([to, isAdmin])
        const done = await ask(who, 'set', to, end)
        expect([to, conditionOf(done)]).toEqual([to, isAdmin ? undefined : 'forbidden'])
      }
    }
  })
})

test('nothing of ours has failed', () => expect(server.complaints).toEqual([]))
