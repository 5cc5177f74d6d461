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

/** What a part tells its supervisor that cannot serve yet through no fault of its own: it is not to be given up. */
interface WaitingMessage {
  readonly waiting: true
}

/** Tells the supervisor, if there is one, that this process waits for something else. Returns at once. */
export function reportWaiting(): void {
  process.send?.({ waiting: true } satisfies WaitingMessage)
}

/** Whether an IPC message is a `WaitingMessage`. */
export function isWaitingMessage(message: unknown): message is WaitingMessage {
  return typeof message === 'object' && message !== null && 'waiting' in message && message.waiting === true
}
