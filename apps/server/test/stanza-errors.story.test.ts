import { buildStanzaError, C2S_LIMITS, NS_STANZAS, parseElement, STANZA_ERROR_CONDITIONS } from '@drawbridge/xmpp'
import type { StanzaErrorCondition } from '@drawbridge/xmpp'
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { story } from './story.ts'
import type { Device, Story } from './story.ts'

// Every stanza error of RFC 6120 §8.3.3: a stanza that is answered with it, the tests of the feature that answers with
// it, or why nothing here does.

type Provoke = () => Promise<string>
interface Elsewhere {
  /** Story tests of this folder or file below apps/server get it. */
  readonly in: string
}
interface Never {
  readonly never: string
}

const CONDITIONS: Readonly<Record<StanzaErrorCondition, Provoke | Elsewhere | Never>> = {
  'bad-request': () => roster('<item jid="bob@im.test"/><item jid="carol@im.test"/>'),
  conflict: async () => {
    await pubsub('<create node="twice"/>')
    return pubsub('<create node="twice"/>')
  },
  'feature-not-implemented': () =>
    ask(
      'set',
      '<query xmlns="urn:xmpp:mam:2"><set xmlns="http://jabber.org/protocol/rsm"><index>3</index></set></query>',
    ),
  forbidden: () => roster('<item jid="mallory@im.test"/>', 'bob@im.test'),
  gone: { never: 'nobody leaves an address behind to be found at' },
  'internal-server-error': async () => {
    await s.server.ctx.db.execute('alter table vcard rename to misplaced')
    const answer = await ask('get', '<vCard xmlns="vcard-temp"/>')
    await s.server.ctx.db.execute('alter table misplaced rename to vcard')
    return answer
  },
  'item-not-found': () => roster('<item jid="nobody@im.test" subscription="remove"/>'),
  'jid-malformed': () => sent('<message to="@im.test" id="x"><body>?</body></message>'),
  'not-acceptable': () => roster('<item jid="bob@im.test"><group/></item>'),
  'not-allowed': () => roster('<item jid="alice@im.test"/>'),
  'not-authorized': { in: 'src/features/pep' },
  'policy-violation': () => sent(`<message to="bob@im.test" id="${'x'.repeat(1_024)}"><body>?</body></message>`),
  'recipient-unavailable': {
    never: 'messages wait for who is away, and a request to who is not there is told so for good',
  },
  redirect: { never: 'nobody and nothing moves away' },
  'registration-required': { in: 'src/features/muc' },
  'remote-server-not-found': () => sent('<message to="bob@remote.test" id="x"><body>?</body></message>'),
  'remote-server-timeout': { in: 'test/streams/component.story.test.ts' },
  'resource-constraint': async () => {
    for (let n = 0; n < 1_000; n++) await alice.send(`<presence to="somebody${n}@im.test"/>`)
    return sent('<presence to="one.more@im.test" id="x"/>')
  },
  'service-unavailable': () => sent('<message to="nobody@im.test" id="x"><body>?</body></message>'),
  'subscription-required': {
    never: 'what presence is needed for says not-authorized (XEP-0060 §6.5.9.3) or is not there',
  },
  'undefined-condition': { never: 'every fault has a condition of its own' },
  'unexpected-request': async () => {
    await pubsub('<create node="notes"/>')
    return pubsub('<unsubscribe node="notes" jid="alice@im.test"/>')
  },
}

let s: Story<'alice'>
let alice: Device

beforeAll(async () => {
  s = await story({ alice: 1 })
  alice = s.alice
  await s.addAccount('bob')
})

afterAll(() => s[Symbol.asyncDispose]())

async function ask(type: 'get' | 'set', payload: string, to?: string): Promise<string> {
  return (await alice.ask(type, payload, to)).toString()
}

function roster(items: string, to?: string): Promise<string> {
  return ask('set', `<query xmlns="jabber:iq:roster">${items}</query>`, to)
}

function pubsub(payload: string): Promise<string> {
  return ask('set', `<pubsub xmlns="http://jabber.org/protocol/pubsub">${payload}</pubsub>`)
}

async function sent(stanza: string): Promise<string> {
  alice.received()
  await alice.send(stanza)
  return alice.received().join('')
}

const rows = Object.entries(CONDITIONS).map(([condition, how]) => ({
  condition: condition as StanzaErrorCondition,
  how,
}))
const reached = rows.flatMap(({ condition, how }) => (typeof how === 'function' ? [{ condition, provoke: how }] : []))
const elsewhere = rows.flatMap(({ condition, how }) => ('in' in how ? [{ condition, place: how.in }] : []))
const never = rows.flatMap(({ condition, how }) => ('never' in how ? [{ condition, reason: how.never }] : []))

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

describe('the 22 stanza errors (RFC 6120 §8.3.3)', () => {
  test.each(reached)('$condition is what a client gets, with addresses swapped and its id (§8.3.1)', async (row) => {
    const answer = await row.provoke()
    expect(answer).toMatch(new RegExp(`<error type="\\w+"><${row.condition} xmlns="${NS_STANZAS}"/>.*</error></\\w+>$`))
    expect(answer).toContain(' type="error"')
    expect(answer).toMatch(/ to="alice@im\.test\/1"/)
    expect(answer).toMatch(/ id="[^"]+"/)
  })

  test.each(elsewhere)('$condition is reached by the stories of $place', async ({ condition, place }) => {
    const pattern = place.endsWith('.ts') ? place : `${place}/**/*.story.test.ts`
    const paths = await Array.fromAsync(glob(pattern, { cwd: ROOT }))
    expect(paths.filter((path) => read(path).includes(condition))).not.toEqual([])
  })

  test.each(never)('$condition is said by nothing here: $reason', async ({ condition }) => {
    const error = parseElement(buildStanzaError({ condition, text: 'why' }).toString(), C2S_LIMITS)
    expect(error.attrs['type']).toBe(STANZA_ERROR_CONDITIONS[condition])
    expect(error.getChild(condition, NS_STANZAS)).toBeDefined()
    const sources = await Array.fromAsync(glob('src/**/*.ts', { cwd: ROOT }))
    const users = sources.filter((path) => !path.includes('.test.') && read(path).includes(`condition: '${condition}'`))
    expect(users).toEqual([])
  })

  test('an error is never answered, whatever is wrong with it (§8.3.1)', async () => {
    for (const stanza of [
      '<message type="error" to="nobody@im.test" id="x"/>',
      '<message type="error" to="@" id="x"/>',
      '<presence type="error" to="bob@remote.test" id="x"/>',
      '<iq type="error" to="nobody@im.test/x" id="x"/>',
      '<iq type="result" to="nobody@im.test/x" id="x"/>',
    ]) {
      expect(await sent(stanza), stanza).toBe('')
    }
  })
})
