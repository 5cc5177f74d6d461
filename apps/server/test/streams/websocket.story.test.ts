import { C2S_LIMITS, NS_CLIENT, NS_FRAMING, NS_STREAM, parseElement } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialWebSocket } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound, header, open, PING, signIn } from './sign-in.ts'

// RFC 7395, section by section, as far as it speaks to servers. What clients may do wrong is in hostile.story.test.ts
// (threats XS-31, XS-32), what the upgrade refuses in http.story.test.ts.

let server: RunningServer
beforeAll(async () => {
  server = await runServer()
  await server.account('alice')
})
afterAll(() => server[Symbol.asyncDispose]())

/** A line, and each message that came over it on its own. */
async function dial() {
  const line = await dialWebSocket(server.httpPort)
  const messages: { text: string; isBinary: boolean }[] = []
  line.ws.on('message', (data: Buffer, isBinary: boolean) => messages.push({ text: data.toString(), isBinary }))
  return { line, messages }
}

const CLOSE = `<close xmlns="${NS_FRAMING}"/>`

describe('XMPP over WebSocket (RFC 7395)', () => {
  test('the subprotocol is xmpp, and it is the one that is agreed on (§3.1)', async () => {
    const { line } = await dial()
    expect(line.ws.protocol).toBe('xmpp')
    line.destroy()
  })

  test('every message is text and one element that stands alone, with its namespaces (§3.2, §3.3, §3.3.3)', async () => {
    const { line, messages } = await dial()
    await bound(line, 'alice', 'alone')
    line.send(`<presence xmlns='${NS_CLIENT}'/>`)
    await line.until(/<presence /)
    line.send(PING)
    await line.until(/id="ping"/)
    line.send(`<query xmlns='${NS_CLIENT}'/>`)
    await line.closed()
    const elements = messages.map(({ text, isBinary }): Element => {
      expect(isBinary).toBe(false)
      // "the first character of each message MUST be '<'": no XML declaration, no white space.
      expect(text).toMatch(/^<[a-z]/)
      return parseElement(text, C2S_LIMITS)
    })
    const names = elements.map((element) => `{${element.getNS()}}${element.getName()}`)
    expect(new Set(names)).toEqual(
      new Set([
        `{${NS_FRAMING}}open`,
        `{${NS_STREAM}}features`,
        '{urn:ietf:params:xml:ns:xmpp-sasl}challenge',
        '{urn:ietf:params:xml:ns:xmpp-sasl}success',
        `{${NS_CLIENT}}iq`,
        `{${NS_CLIENT}}presence`,
        `{${NS_STREAM}}error`,
        `{${NS_FRAMING}}close`,
      ]),
    )
  })

  test('<open/> is answered by <open/>, with what a stream header has (§3.4)', async () => {
    const { line, messages } = await dial()
    line.send(header('ws').replace('to=', `from='alice@im.test' xml:lang='de' to=`))
    await line.until(/<\/stream:features>/)
    const answer = parseElement(messages[0]!.text, C2S_LIMITS)
    expect(answer.is('open', NS_FRAMING)).toBe(true)
    expect(answer.attrs).toMatchObject({ from: 'im.test', to: 'alice@im.test', version: '1.0', 'xml:lang': 'en' })
    expect(answer.attrs['id']).toMatch(/^[\w-]{22}$/)
    line.destroy()
  })

  test('an error before the stream is open comes after an <open/>, and before <close/> (§3.5)', async () => {
    const { line, messages } = await dial()
    line.send(header('ws', 'elsewhere.test'))
    await line.closed()
    expect(messages.map(({ text }) => parseElement(text, C2S_LIMITS).getName())).toEqual(['open', 'error', 'close'])
    expect(messages[1]!.text).toContain('<host-unknown')
  })

  test('<close/> is answered by <close/>, and then the WebSocket is closed (§3.6)', async () => {
    const { line, messages } = await dial()
    await bound(line, 'alice', 'polite')
    const closed = once(line.ws, 'close')
    line.send(CLOSE)
    const [code] = await closed
    expect(code).toBe(1000)
    expect(messages.at(-1)?.text).toBe(CLOSE)
  })

  test('the server that ends a stream says <close/> itself (§3.6)', async () => {
    const { line } = await dial()
    await bound(line, 'alice', 'same')
    await bound(await server.webSocket(), 'alice', 'same')
    expect(await line.closed()).toMatch(new RegExp(`<conflict .*</stream:error>${CLOSE}$`))
  })

  test('a WebSocket that ends without <close/> leaves a session that can be resumed (§3.6, §3.10)', async () => {
    const { line } = await dial()
    await bound(line, 'alice', 'torn')
    line.send(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`)
    const id = /id="([^"]+)"/.exec(await line.until(/<enabled[^>]*>/))?.[1]
    line.ws.terminate()
    const again = await server.webSocket()
    await signIn(again, 'alice')
    again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`)
    await again.until(/<resumed /)
    again.destroy()
  })

  test('after signing in the client opens the stream anew, without closing it (§3.7)', async () => {
    const { line, messages } = await dial()
    await signIn(line, 'alice')
    const opens = messages.filter(({ text }) => text.startsWith('<open'))
    expect(opens).toHaveLength(2)
    expect(messages.some(({ text }) => text.startsWith('<close'))).toBe(false)
    const ids = opens.map(({ text }) => parseElement(text, C2S_LIMITS).attrs['id'])
    expect(new Set(ids).size).toBe(2)
    line.destroy()
  })

  test('a ping of the WebSocket is answered, and white space is no keep-alive here (§3.8)', async () => {
    const { line } = await dial()
    await open(line)
    const pong = once(line.ws, 'pong')
    line.ws.ping('still there?')
    expect(String((await pong)[0])).toBe('still there?')
    line.send(' ')
    expect(await line.closed()).toContain('<not-well-formed')
  })

  test('STARTTLS is never offered: TLS is the business of the WebSocket (§3.9)', async () => {
    const { line } = await dial()
    expect(await open(line)).not.toContain('starttls')
    line.destroy()
  })
})
