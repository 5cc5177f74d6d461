import { insertAccount, uuidv7 } from '@drawbridge/db'
import type { InspectFile, SanitizeOptions, SanitizeVerdict } from '@drawbridge/contract'
import { silentLog } from '@drawbridge/runtime'
import type { Fetcher } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import type { TestDatabase } from '@drawbridge/testkit'
import { migrateJobs } from '@drawbridge/jobs'
import { parseElement, C2S_LIMITS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWork } from '../src/jobs/index.ts'
import { bind } from '../src/stream/bind.ts'
import { buildServer } from '../src/server.ts'
import type { BuiltServer } from '../src/server.ts'
import { serverConfig } from '../src/server.config.ts'
import type { Session } from '../src/stream/session.ts'
import type { Connection } from '../src/transport/connection.ts'

const WAIT_MS = 5_000

export interface StoryOptions {
  readonly now?: () => Date
  /** What the sanitizer would say; the sanitizer itself is not what these stories are about. */
  readonly sanitize?: (
    bytes: Uint8Array,
    profile: string,
    how: SanitizeOptions,
  ) => Promise<SanitizeVerdict> | SanitizeVerdict
  /** What the sanitizer would say of a file that is no image. Default: a text. */
  readonly inspect?: InspectFile
  /** What there is on the web, where the settings let it be fetched. */
  readonly fetcher?: Fetcher
  /** Settings by section, beside those that every story has. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** A database that outlives the story: the next story with it is the same server, started again. */
  readonly database?: TestDatabase
  /** Jobs are done, from the outbox on. Costs a moment. */
  readonly doesJobs?: boolean
}

/** One device of a person, bound as `alice@im.test/1`, with a connection that ends in this test. */
export interface Device {
  readonly jid: string
  readonly session: Session
  /** Sends one stanza and waits until the server is done with it and with what it caused. */
  send(stanza: string): Promise<void>
  /** Everything received since the last call, as it came over TCP. */
  received(): string[]
  /** Waits for the next stanza that matches; earlier ones stay in `received()`. */
  next(matches?: (element: Element) => boolean): Promise<Element>
  /** Sends an iq and returns its answer. */
  ask(type: 'get' | 'set', payload: string, to?: string): Promise<Element>
  /** Sends initial presence and waits until the server is done with it. */
  available(presence?: string): Promise<void>
  /** The stream's closing text, once the server has closed it. */
  closed(): Promise<string>
  disconnect(): void
}

export type Story<P extends string> = { readonly [K in P]: Device } & {
  readonly server: BuiltServer
  readonly databaseUrl: string
  /** Where its files are. */
  readonly dataDir: string
  /** The nth device (from 1) of a person. */
  device(person: P, n: number): Device
  connect(person: string, resource?: string): Promise<Device>
  addAccount(name: string): Promise<void>
} & AsyncDisposable

/**
 * A server with real routing, policy, features and PostgreSQL, and so many bound devices per person. The domain is
 * `im.test`. Everything is gone when the story is over.
 */
export async function story<P extends string>(
  people: Readonly<Record<P, number>>,
  options: StoryOptions = {},
): Promise<Story<P>> {
  const database = options.database ?? (await testDatabase())
  const directory = await mkdtemp(join(tmpdir(), 'story-'))
  const { settings = {} } = options
  const config = serverConfig.parse({
    ...settings,
    common: {
      allowPlaintext: true,
      ...settings['common'],
      dataDir: directory,
      domain: 'im.test',
      databaseUrl: database.url,
    },
    stream: { scramIterations: 10_000, ...settings['stream'] },
    web: { publicUrl: 'http://im.test', ...settings['web'] },
    limits: { ...settings['limits'] },
    policy: { ...settings['policy'] },
  })
  if (options.doesJobs) await migrateJobs(database.url)
  const server = await buildServer(config, silentLog, {
    ...(options.now ? { now: options.now } : {}),
    inspect: options.inspect ?? (async () => ({ kind: 'text', classes: ['text'], entries: 0 })),
    ...(options.fetcher ? { fetcher: options.fetcher } : {}),
    ...(options.sanitize
      ? { sanitize: async (bytes, profile, how = {}) => options.sanitize!(bytes, profile, how) }
      : {}),
  })
  const work = options.doesJobs ? await startWork(server.ctx, database.url) : undefined
  const open = new Set<FakeConnection>()

  const addAccount = async (name: string) => {
    const row = await insertAccount(server.ctx.db, { localpart: name, credentials: [] }, uuidv7())
    if (row === 'exists') throw new Error(`${name} exists`)
    server.ctx.accounts.put(row)
  }
  const connect = async (name: string, resource = '1'): Promise<Device> => {
    if (!server.ctx.accounts.find(name)) await addAccount(name)
    const account = server.ctx.accounts.find(name)!
    const connection = new FakeConnection()
    open.add(connection)
    const iq = parseElement(
      `<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>${resource}</resource>` +
        `<client xmlns="urn:drawbridge:client:1" name="test" version="1.0"/></bind></iq>`,
      C2S_LIMITS,
    )
    const session = bind(server.streams, connection, account, iq, iq.getChildElements()[0]!)
    if (!session || session.isEnded) throw new Error(`${name} was not let in: ${connection.log.join('')}`)
    connection.log.length = 0
    return deviceOf(server, session, connection)
  }

  const devices = new Map<string, Device[]>()
  for (const [person, count] of Object.entries<number>(people)) {
    const list: Device[] = []
    for (let n = 1; n <= count; n++) list.push(await connect(person, String(n)))
    devices.set(person, list)
  }
  const firsts = Object.fromEntries([...devices].map(([person, list]) => [person, list[0]]))
  return {
    ...(firsts as { readonly [K in P]: Device }),
    server,
    databaseUrl: database.url,
    dataDir: directory,
    device(person, n) {
      const device = devices.get(person)?.[n - 1]
      if (!device) throw new Error(`${person} has no device ${n}`)
      return device
    },
    connect,
    addAccount,
    async [Symbol.asyncDispose]() {
      await work?.close()
      await server.close()
      if (!options.database) await database[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function deviceOf(server: BuiltServer, session: Session, connection: FakeConnection): Device {
  let askCount = 0
  const settled = async () => {
    await session.idle()
    // What was caused elsewhere (events, stages of other sessions) has run when a turn of the loop has passed.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const device: Device = {
    jid: session.jid.toString(),
    session,
    async send(stanza) {
      const element = parseElement(stanza.replace(/^<(\w+)/, '<$1 xmlns="jabber:client"'), C2S_LIMITS)
      const fault = session.receive(element)
      if (fault) session.end(fault)
      await settled()
    },
    received: () => connection.log.splice(0),
    next: (matches = () => true) => connection.next(matches),
    async ask(type, payload, to) {
      const id = `ask${++askCount}`
      const answer = connection.next((element) => element.name === 'iq' && element.attrs['id'] === id)
      await device.send(`<iq type="${type}" id="${id}"${to === undefined ? '' : ` to="${to}"`}>${payload}</iq>`)
      const element = await answer
      connection.drop(element)
      return element
    },
    async available(presence = '<presence/>') {
      await device.send(presence)
      // What waited for the device has come, so that nothing live waits behind it (features/offline.ts).
      const offline = session.notes.get('offline') as { readonly isFlushing: boolean } | undefined
      while (offline?.isFlushing) await new Promise((resolve) => setImmediate(resolve))
    },
    closed: () => connection.closed,
    disconnect() {
      connection.destroy()
      server.streams.detached(session)
    },
  }
  return device
}

class FakeConnection implements Connection {
  readonly framing = 'tcp'
  readonly remoteAddress = '127.0.0.1'
  readonly isEncrypted = true
  readonly channelBindings = undefined
  readonly pendingBytes = 0
  readonly log: string[] = []
  readonly #waiting = new Set<() => void>()
  readonly closed: Promise<string>
  #close: (text: string) => void = () => undefined
  #isClosed = false

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  write(text: string): void {
    if (this.#isClosed) return
    this.log.push(text)
    for (const look of [...this.#waiting]) look()
  }

  next(matches: (element: Element) => boolean): Promise<Element> {
    return new Promise((resolve, reject) => {
      const look = () => {
        for (const text of this.log) {
          const element = elementOf(text)
          if (!element || !matches(element)) continue
          clearTimeout(timer)
          this.#waiting.delete(look)
          return resolve(element)
        }
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(look)
        reject(new Error(`nothing matched among: ${this.log.join('\n')}`))
      }, WAIT_MS)
      this.#waiting.add(look)
      look()
    })
  }

  /** Takes one received element out of the log. */
  drop(element: Element): void {
    const index = this.log.findIndex((text) => elementOf(text)?.toString() === element.toString())
    if (index >= 0) this.log.splice(index, 1)
  }

  end(): void {
    this.#isClosed = true
    this.#close(this.log.join(''))
  }

  destroy(): void {
    this.end()
  }

  restart(): void {}
  setLimits(): void {}
  pause(): void {}
  resume(): void {}
  awaitEnd(): void {}
}

/** A stanza as the client would see it; nothing for stream-level text. */
function elementOf(text: string): Element | undefined {
  if (!/^<(message|presence|iq)\b/.test(text)) return undefined
  return parseElement(text.replace(/^<(\w+)/, '<$1 xmlns="jabber:client"'), C2S_LIMITS)
}
