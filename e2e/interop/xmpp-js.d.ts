/** The part of @xmpp/client 0.14.0 that its test uses; the package brings no types. */
declare module '@xmpp/client' {
  type Stanza = import('@drawbridge/xmpp').Element

  interface Client {
    readonly iqCaller: { request(iq: Stanza, timeoutMs?: number): Promise<{ toString(): string }> }
    start(): Promise<unknown>
    stop(): Promise<void>
    send(stanza: Stanza): Promise<void>
    on(event: 'stanza', listener: (stanza: { toString(): string }) => void): void
    on(event: 'error', listener: (error: unknown) => void): void
  }

  export function client(options: {
    readonly service: string
    readonly domain: string
    readonly username: string
    readonly credentials: (
      authenticate: (credentials: object, mechanism: string) => Promise<void>,
      mechanisms: readonly string[],
    ) => Promise<void>
  }): Client
}
