/** What a part started by `drawbridge up` tells its supervisor over the IPC channel, once it serves. */
export interface ReadyMessage {
  readonly ready: true
  /** Addresses in use, by name (`http`, `c2s`, `c2sTls`, `socket`); ports that were given as 0 are resolved. */
  readonly addresses: Readonly<Record<string, string>>
}

/** Tells the supervisor, if there is one, that this process serves. Returns at once. */
export function reportReady(addresses: ReadyMessage['addresses']): void {
  process.send?.({ ready: true, addresses } satisfies ReadyMessage)
}

/** Whether an IPC message is a `ReadyMessage`. */
export function isReadyMessage(message: unknown): message is ReadyMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'ready' in message &&
    message.ready === true &&
    'addresses' in message
  )
}
