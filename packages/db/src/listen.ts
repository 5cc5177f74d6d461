import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { POLICY_CHANNEL } from './policy.ts'

/** A subscription to notifications of PostgreSQL. */
export interface Listener extends AsyncDisposable {
  close(): Promise<void>
}

export interface ListenOptions {
  readonly url: string
  readonly channels: readonly string[]
  onNotify(channel: string, payload: string): void
  /** After each connect: what was notified before is lost, so look for yourself. */
  onConnect?(): void
  onError?(error: unknown): void
}

/** Listens on a connection of its own, and connects again whenever it breaks. */
export function listen(options: ListenOptions): Listener {
  const abort = new AbortController()
  /** Only one that is connected can be ended: the end of one that still connects may never come. */
  let connected: pg.Client | undefined
  const loop = (async () => {
    for (let tries = 0; !abort.signal.aborted; tries++) {
      const client = new pg.Client({
        connectionString: options.url,
        application_name: 'drawbridge-listen',
        connectionTimeoutMillis: 5_000,
        keepAlive: true,
        keepAliveInitialDelayMillis: 5_000,
      })
      try {
        await listenOnce(client, options, abort.signal, () => {
          tries = 0
          connected = client
        })
      } catch (error) {
        if (!abort.signal.aborted) options.onError?.(error)
      }
      connected = undefined
      await client.end().catch(() => {})
      if (!abort.signal.aborted) await wait(Math.min(1_000, 50 * 2 ** tries), undefined, abort).catch(() => {})
    }
  })()
  let closing: Promise<void> | undefined
  const closeAll = async () => {
    abort.abort()
    await connected?.end().catch(() => {})
    await loop
  }
  const close = () => (closing ??= closeAll())
  return { close, [Symbol.asyncDispose]: close }
}

/** Resolves when the connection ends, rejects when it breaks. */
async function listenOnce(
  client: pg.Client,
  options: ListenOptions,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    client.on('error', reject)
    client.on('end', () => resolve())
  })
  ended.catch(() => {}) // it may reject while we still connect, which reports the same
  client.on('notification', ({ channel, payload }) => options.onNotify(channel, payload ?? ''))
  await client.connect()
  for (const channel of options.channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`)
  if (signal.aborted) return
  onConnected()
  options.onConnect?.()
  await ended
}

export interface WatchPolicyOptions {
  readonly url: string
  /** Told of every epoch higher than those before, the first one included. */
  onEpoch(epoch: number): void
  /** Told when the epoch could not be read; the watch goes on. */
  onError?(error: unknown): void
  /** How often to look even without a notification. Default 1 s. */
  readonly pollMs?: number
}

/**
 * Watches the policy epoch: by notification, and by polling on a second connection, since the first may die in silence.
 */
export function watchPolicyEpoch({ url, onEpoch, onError, pollMs = 1_000 }: WatchPolicyOptions): Listener {
  let last = -1
  const see = (epoch: number) => {
    if (epoch <= last) return
    last = epoch
    onEpoch(epoch)
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
    keepAlive: true,
    application_name: 'drawbridge-policy',
  })
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  let polling: Promise<void> | undefined
  const poll = () =>
    (polling ??= (async () => {
      try {
        const { rows } = await pool.query<{ epoch: string }>('select epoch from policy_epoch')
        see(Number(rows[0]?.epoch))
      } catch (error) {
        onError?.(error)
      }
      polling = undefined
    })())
  const timer = setInterval(() => void poll(), pollMs)
  const listener = listen({
    url,
    channels: [POLICY_CHANNEL],
    onNotify: (_channel, payload) => see(Number(payload)),
    onConnect: () => void poll(),
    ...(onError && { onError }),
  })
  let closing: Promise<void> | undefined
  const closeAll = async () => {
    clearInterval(timer)
    await listener.close()
    await polling
    await pool.end()
  }
  const close = () => (closing ??= closeAll())
  return { close, [Symbol.asyncDispose]: close }
}
