import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { FEATURES, header, open, plain, scram } from './sign-in.ts'

// Making an account with an invitation before signing in: XEP-0445, and XEP-0077 §3.1 behind it. And its page.

const REGISTER = 'jabber:iq:register'
const iq = (type: 'get' | 'set', payload: string, id = 'r') =>
  `<iq type='${type}' id='${id}' to='im.test'>${payload}</iq>`
const ANSWER = /<iq [^>]*type="(?:result|error)"[^>]*?(?:\/>|>.*?<\/iq>)/s
const preauth = (token: string) => iq('set', `<preauth xmlns='urn:xmpp:pars:0' token='${token}'/>`)
const registerAs = (name: string, password: string) =>
  iq('set', `<query xmlns='${REGISTER}'><username>${name}</username><password>${password}</password></query>`)

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ registration: { isInBand: true, mayRemoveAccount: true } })
  await server.account('alice')
})

afterAll(() => server[Symbol.asyncDispose]())

interface Issued {
  readonly invitation: { readonly id: string }
  readonly url: string
  readonly uri: string
}

async function invite(body: Readonly<Record<string, unknown>> = {}) {
  const answer = await server.admin('POST', '/api/v1/invitations', body)
  const { invitation, url, uri } = answer.body as Issued
  return { id: invitation.id, url, uri, token: url.split('/').at(-1) ?? '' }
}

async function ask(line: Line, stanza: string): Promise<string> {
  line.send(stanza)
  return line.until(ANSWER)
}

async function stranger() {
  const line = await server.tcp()
  await open(line)
  return line
}

const audited = async () => JSON.stringify((await server.admin('GET', '/api/v1/audit')).body)

describe('with a client', () => {
  test('the server offers registration by token before signing in (XEP-0445 §3, XEP-0077 §8)', async () => {
    const line = await server.tcp()
    line.send(header('tcp'))
    const features = await line.until(FEATURES)
    expect(features).toContain('<register xmlns="urn:xmpp:ibr-token:0"/>')
    expect(features).toContain('<register xmlns="http://jabber.org/features/iq-register"/>')
    line.destroy()
  })

  test('whoever was invited shows the token, chooses name and password, and signs in (XEP-0445 §4, XEP-0077 §3.1)', async () => {
    const { token, uri } = await invite()
    expect(uri).toBe(`xmpp:im.test?register;preauth=${token}`)
    const line = await stranger()
    expect(await ask(line, preauth(token))).toBe('<iq type="result" id="r" from="im.test"/>')
    const form = await ask(line, iq('get', `<query xmlns='${REGISTER}'/>`))
    expect(form).toContain('<username/><password/>')
    expect(await ask(line, registerAs('Juliet', 'wherefore art thou'))).toContain('type="result"')
    expect(await scram(line, 'juliet', 'wherefore art thou')).toContain('<success')
    line.destroy()
    expect(await audited()).toContain('"action":"register-account"')
  })

  test('without a token nothing is given, not even the form (XEP-0077 §3.1)', async () => {
    const line = await stranger()
    expect(await ask(line, iq('get', `<query xmlns='${REGISTER}'/>`))).toContain('<not-allowed ')
    expect(await ask(line, registerAs('mallory', 'a good password'))).toContain('<not-allowed ')
    line.destroy()
  })

  test('a token that is unknown, malformed, used up or revoked is one and the same (XEP-0445 §4)', async () => {
    const used = await invite()
    const line = await stranger()
    await ask(line, preauth(used.token))
    expect(await ask(line, registerAs('mercutio', 'a plague on both'))).toContain('type="result"')
    const revoked = await invite()
    await server.admin('DELETE', `/api/v1/invitations/${revoked.id}`)
    const answers = []
    for (const token of [used.token, revoked.token, '0'.repeat(40), 'x', ''])
      answers.push((await ask(line, preauth(token))).replace(/token="[^"]*"/, ''))
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('<item-not-found ')
    line.destroy()
  })

  test('a try that fails does not use the invitation up (XEP-0445 §4)', async () => {
    const { token } = await invite()
    const line = await stranger()
    await ask(line, preauth(token))
    expect(await ask(line, registerAs('alice', 'a good password'))).toContain('<conflict ')
    expect(await ask(line, registerAs('paris', 'short'))).toContain('<not-acceptable ')
    expect(await ask(line, registerAs('pa ris', 'a good password'))).toContain('<jid-malformed ')
    expect(await ask(line, registerAs('paris', ''))).toContain('<not-acceptable ')
    expect(await ask(line, registerAs('paris', 'a good password'))).toContain('type="result"')
    line.destroy()
  })

  test('of two who try the last use at once, one gets it', async () => {
    const { token } = await invite()
    const lines = [await stranger(), await stranger()]
    for (const line of lines) await ask(line, preauth(token))
    const answers = await Promise.all(lines.map((line, n) => ask(line, registerAs(`twin${n}`, 'a good password'))))
    expect(answers.filter((answer) => answer.includes('type="result"'))).toHaveLength(1)
    expect(answers.filter((answer) => answer.includes('<item-not-found '))).toHaveLength(1)
    for (const line of lines) line.destroy()
  })

  test('a name that an invitation promises is kept for whoever has it (XEP-0445 §5)', async () => {
    const benvolio = await invite({ name: 'benvolio' })
    expect(benvolio.uri).toBe(`xmpp:benvolio@im.test?register;preauth=${benvolio.token}`)
    expect((await server.admin('POST', '/api/v1/invitations', { name: 'Benvolio' })).status).toBe(409)
    const other = await invite()
    const line = await stranger()
    await ask(line, preauth(other.token))
    expect(await ask(line, registerAs('benvolio', 'a good password'))).toContain('<conflict ')
    await ask(line, preauth(benvolio.token))
    expect(await ask(line, iq('get', `<query xmlns='${REGISTER}'/>`))).toContain('<username>benvolio</username>')
    expect(await ask(line, registerAs('somebody', 'a good password'))).toContain('<not-acceptable ')
    expect(await ask(line, registerAs('benvolio', 'a good password'))).toContain('type="result"')
    line.destroy()
  })

  test('AU-07 anything else before signing in still ends the stream, and so does a request too many', async () => {
    const line = await stranger()
    line.send(iq('get', "<ping xmlns='urn:xmpp:ping'/>"))
    expect(await line.closed()).toContain('<not-authorized ')

    const busy = await stranger()
    for (let n = 0; n < 10; n++) await ask(busy, iq('get', `<query xmlns='${REGISTER}'/>`))
    expect(await ask(busy, preauth((await invite()).token))).toContain('<resource-constraint ')
    busy.destroy()
  })

  test('AU-19 tokens have at least 128 bits, and none comes twice', async () => {
    const tokens = new Set<string>()
    for (let n = 0; n < 50; n++) tokens.add((await invite()).token)
    expect(tokens.size).toBe(50)
    for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{40}$/)
  })

  test('the account’s owner changes the password, and every other session ends (XEP-0077 §3.3, AU-23)', async () => {
    const { token } = await invite()
    const [here, there] = [await stranger(), await stranger()]
    await ask(here, preauth(token))
    await ask(here, registerAs('rosaline', 'the first password'))
    for (const [line, resource] of [
      [here, 'a'],
      [there, 'b'],
    ] as const) {
      line.send(plain('rosaline', 'the first password'))
      await line.until(/<success[^>]*>/)
      await open(line)
      const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind>`
      await ask(line, `<iq type='set' id='b'>${bind}</iq>`)
    }
    expect(await ask(here, iq('get', `<query xmlns='${REGISTER}'/>`))).toContain(
      '<registered/><username>rosaline</username>',
    )
    expect(await ask(here, registerAs('alice', 'the second password'))).toContain('<not-allowed ')
    expect(await ask(here, registerAs('rosaline', 'short'))).toContain('<not-acceptable ')
    expect(await ask(here, registerAs('rosaline', 'the second password'))).toContain('type="result"')
    expect(await there.closed()).toContain('<reset ')
    expect(await ask(here, iq('get', "<ping xmlns='urn:xmpp:ping'/>"))).toContain('type="result"')
    const again = await stranger()
    expect(await scram(again, 'rosaline', 'the second password')).toContain('<success')
    again.destroy()

    // XEP-0077 §3.2: and ends the account.
    const both = `<query xmlns='${REGISTER}'><remove/><username>rosaline</username></query>`
    expect(await ask(here, iq('set', both))).toContain('<bad-request ')
    expect(await ask(here, iq('set', `<query xmlns='${REGISTER}'><remove/></query>`))).toContain('type="result"')
    expect(await here.closed()).toContain('<not-authorized ')
    expect(JSON.stringify((await server.admin('GET', '/api/v1/accounts')).body)).not.toContain('rosaline')
  })
})

describe('in a browser', () => {
  const at = (url: string) => `http://127.0.0.1:${server.httpPort}${new URL(url).pathname}`
  const send = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(at(url), { method: 'POST', body: new URLSearchParams(fields), headers })

  test('the page says who invites to what, and has the link for clients (XEP-0401 §4.2, XEP-0379 §3.3)', async () => {
    await server.admin('PUT', '/api/v1/accounts/alice/display-name', { displayName: 'Alice <3' })
    const { url, uri } = await invite({ inviter: 'alice' })
    const answer = await fetch(at(url))
    const html = await answer.text()
    expect(answer.status).toBe(200)
    expect(html).toContain('<h1>Alice &lt;3 invites you to im.test</h1>')
    expect(uri).toMatch(/^xmpp:alice@im\.test\?roster;preauth=[0-9a-f]{40};ibr=y$/)
    expect(html).toContain(`href="${uri}"`)
    const headers = Object.fromEntries(answer.headers)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
    })
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(headers['set-cookie']).toBeUndefined()
    expect(html).not.toContain('<script')
  })

  test('whoever prefers German reads German', async () => {
    const { url } = await invite()
    const answer = await fetch(at(url), { headers: { 'accept-language': 'de-CH,de;q=0.9,en;q=0.8' } })
    expect(answer.headers.get('content-language')).toBe('de')
    expect(await answer.text()).toContain('<button>Konto anlegen</button>')
  })

  test('the form makes the account, whose inviter is a contact from then on (XEP-0401 §4.3.2)', async () => {
    const { url } = await invite({ inviter: 'alice' })
    const answer = await send(url, { name: 'romeo', password: 'o teach me how', again: 'o teach me how' })
    expect(answer.status).toBe(201)
    expect(await answer.text()).toContain('romeo@im.test')
    const line = await stranger()
    line.send(plain('romeo', 'o teach me how'))
    await line.until(/<success[^>]*>/)
    await open(line)
    await ask(line, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    await expect
      .poll(() => ask(line, "<iq type='get' id='q'><query xmlns='jabber:iq:roster'/></iq>"))
      .toContain('<item jid="alice@im.test" subscription="both"')
    line.destroy()
  })

  test('what cannot be is said on the page, and can be tried again', async () => {
    const { url } = await invite()
    const differ = await send(url, { name: 'tybalt', password: 'a good password', again: 'another password' })
    expect(differ.status).toBe(400)
    const html = await differ.text()
    expect(html).toContain('<p role="alert">The two passwords differ.</p>')
    expect(html).toContain('value="tybalt"')
    const taken = await send(url, { name: 'alice', password: 'a good password', again: 'a good password' })
    expect(taken.status).toBe(409)
    const script = '"><script>alert(1)</script>'
    const odd = await send(url, { name: script, password: 'a good password', again: 'a good password' })
    expect(odd.status).toBe(400)
    expect(await odd.text()).not.toContain('<script>')
    const good = await send(url, { name: 'tybalt', password: 'a good password', again: 'a good password' })
    expect(good.status).toBe(201)
    expect((await fetch(at(url))).status).toBe(404)
  })

  test('an address without a good token is no invitation, whatever is sent there', async () => {
    for (const path of ['/invite/', '/invite/x', `/invite/${'0'.repeat(40)}`]) {
      const url = `http://im.test${path}`
      expect((await fetch(at(url))).status).toBe(404)
      expect((await send(url, { name: 'nobody', password: 'a good password', again: 'a good password' })).status).toBe(
        404,
      )
    }
  })

  test('DS-14 a form too long, or of another kind, makes nothing', async () => {
    const { url } = await invite()
    const long = await send(url, { name: 'x'.repeat(10_000), password: 'a good password', again: 'a good password' })
    expect(long.status).toBe(400)
    const json = await fetch(at(url), { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
    expect(json.status).toBe(400)
  })
})

test('a server that does not register in band offers nothing and answers nothing (XEP-0077 §8)', async () => {
  await using closed = await runServer()
  const line = await closed.tcp()
  line.send(header('tcp'))
  expect(await line.until(FEATURES)).not.toContain('register')
  line.send(preauth('0'.repeat(40)))
  expect(await line.closed()).toContain('<not-authorized ')
  const { body } = await closed.admin('POST', '/api/v1/invitations', {})
  expect((body as Issued).uri).not.toContain('ibr=y')
})

test('AU-15 whoever tries tokens has to wait', async () => {
  await using slow = await runServer({ registration: { isInBand: true }, stream: { freeSignInFailures: 1 } })
  const line = await slow.tcp()
  await open(line)
  for (let n = 0; n < 9; n++) await ask(line, preauth('0'.repeat(40)))
  line.destroy()
  const other = await slow.tcp()
  await open(other)
  await ask(other, preauth('0'.repeat(40)))
  expect(await ask(other, preauth('0'.repeat(40)))).toContain('<resource-constraint ')
  other.destroy()
})

test('while the service is suspended nobody new comes in, and administrators still prepare', async () => {
  await using held = await runServer({ registration: { isInBand: true } })
  const { body } = await held.admin('POST', '/api/v1/invitations', {})
  const url = `http://127.0.0.1:${held.httpPort}${new URL((body as Issued).url).pathname}`
  await held.admin('POST', '/api/v1/suspensions', { scopes: ['service'], mode: 'hold', reason: 'worm' })
  const fields = { name: 'romeo', password: 'a good password', again: 'a good password' }
  expect((await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })).status).toBe(503)
  await held.account('nurse')
})
