import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { plain } from './sign-in.ts'

export const NS_BOSH = 'http://jabber.org/protocol/httpbind'
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'

/** A client by HTTP requests, as little as it takes (XEP-0124). */
export class BoshClient {
  rid = 4_711
  sid = ''
  readonly #url: string

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/http-bind`
  }

  /** One request, with the next number unless another is given; returns the `<body/>` of the answer. */
  async post(attrs: Record<string, string | number> = {}, content = '', rid = ++this.rid): Promise<Element> {
    const all = {
      xmlns: NS_BOSH,
      'xmlns:xmpp': 'urn:xmpp:xbosh',
      rid,
      ...(this.sid ? { sid: this.sid } : {}),
      ...attrs,
    }
    const text = Object.entries(all).map(([name, value]) => ` ${name}='${value}'`)
    return this.raw(`<body${text.join('')}>${content}</body>`)
  }

  async raw(body: string): Promise<Element> {
    const response = await fetch(this.#url, { method: 'POST', body })
    const type = response.headers.get('content-type')
    if (type !== 'text/xml; charset=utf-8') throw new Error(`${response.status} ${type}`)
    return parseElement(await response.text(), C2S_LIMITS)
  }

  /** Creates the session (XEP-0206 §3). */
  async create(attrs: Record<string, string | number> = {}): Promise<Element> {
    const answer = await this.post({ to: 'im.test', wait: 5, hold: 1, ver: '1.11', 'xmpp:version': '1.0', ...attrs })
    this.sid = answer.attrs['sid'] ?? ''
    return answer
  }

  async signIn(name: string): Promise<void> {
    await this.create()
    mustHave(await this.post({}, plain(name, `${name}-password`)), `<success xmlns="${SASL}"`)
    mustHave(await this.post({ 'xmpp:restart': 'true', to: 'im.test' }), 'urn:ietf:params:xml:ns:xmpp-bind')
    mustHave(await this.post({}, BIND), `<jid>${name}@im.test/web</jid>`)
  }
}

/** Throws when an answer does not hold this text. */
export function mustHave(answer: Element, text: string): void {
  if (!answer.toString().includes(text)) throw new Error(`no ${text} in ${answer.toString()}`)
}

const BIND = `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>web</resource></bind></iq>`
