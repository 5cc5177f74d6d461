/** The part of @xmpp/client 0.14.0 that connection.ts uses; the package brings no types. */
declare module '@xmpp/client' {
  type XmppElement = import('./element.ts').Element

  interface StreamManagement {
    id: string
    enabled: boolean
    timeout: number
    requestAckDebounce: number
    outbound: number
    outbound_q: { stanza: XmppElement }[]
    on(event: 'ack' | 'fail', listener: (stanza: XmppElement) => void): void
    on(event: 'resumed', listener: () => void): void
  }

  interface IqContext {
    readonly stanza: XmppElement
    readonly element: XmppElement
  }

  /** One SASL exchange; strings are binary strings, which xmpp.js turns into base64. */
  interface Mechanism {
    response(credentials: unknown): string | Promise<string>
    challenge(message: string): void | Promise<void>
    final?(data: string): void | Promise<void>
  }

  interface SaslFactory {
    use(name: string, mechanism: new () => Mechanism): void
  }

  export interface XmppClient {
    status: string
    jid: { toString(): string } | null
    socket: { socket: WebSocket | null } | null
    readonly reconnect: { stop(): void }
    readonly streamManagement: StreamManagement
    readonly iqCaller: { request(iq: XmppElement, timeoutMs?: number): Promise<XmppElement> }
    readonly iqCallee: Record<
      'get' | 'set',
      (xmlns: string, name: string, handler: (context: IqContext) => object) => void
    >
    readonly saslFactory: SaslFactory
    readonly fast: {
      readonly saslFactory: SaslFactory
      saveToken(given: { readonly token: string; readonly expiry: string }): Promise<void>
    }
    connect(service: string): Promise<unknown>
    open(options: { domain: string; lang: string }): Promise<unknown>
    send(element: XmppElement): Promise<void>
    write(text: string): Promise<void>
    disconnect(): Promise<unknown>
    on(event: 'error', listener: (error: unknown) => void): void
    on(event: 'online', listener: (jid: { toString(): string }) => void): void
    on(event: 'open', listener: (header: XmppElement) => void): void
    on(event: 'disconnect' | 'close', listener: () => void): void
    on(event: 'stanza', listener: (stanza: XmppElement) => void): void
    _onElement(element: XmppElement): void
    _detachSocket(): void
    _detachParser(): void
    _status(status: string, detail?: unknown): void
  }

  export type Authenticate = (credentials: object, mechanism: string, userAgent?: XmppElement) => Promise<void>

  export function client(options: {
    service: string
    domain: string
    username?: string
    lang: string
    timeout: number
    credentials: (authenticate: Authenticate, mechanisms: readonly string[]) => Promise<void>
  }): XmppClient

  export const xml: import('./element.ts').Xml
}
