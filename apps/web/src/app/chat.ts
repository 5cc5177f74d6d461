/** A signed-in session: joins the connection, the parts that understand stanzas, and the state the screen shows. */
import { buildDiscoInfo, type Availability } from '../protocol/presence.ts'
import { buildReceipt, isArchiveResult, parseIncoming, type ReceivedMessage } from '../protocol/message.ts'
import {
  NS_CARBONS,
  NS_DISCO_INFO,
  NS_DRAWBRIDGE_MEDIA,
  NS_DRAWBRIDGE_SUSPENSION,
  NS_ROSTER,
  NS_TIME,
  NS_VERSION,
} from '@drawbridge/xmpp'
import {
  createConnection,
  xml,
  type Answer,
  type ClientIdentity,
  type Connection,
  type ConnectionState,
} from '../connection/connection.ts'
import type { Element } from '../connection/element.ts'
import type { Failure } from '../connection/failure.ts'
import type { KeptSecret, Secret } from '../connection/secret.ts'
import { domainpart, localpart } from '../protocol/jid.ts'
import {
  findDiscarded,
  findHeldNotice,
  findReleased,
  findSuspensions,
  hidesMessages,
  isCut,
  parseServiceState,
  type Suspension,
} from '../protocol/suspension.ts'
import { emptyChatState, type ChatState } from '../state/chat-state.ts'
import { DISCARDED } from '../state/outbox.ts'
import { createStore, type Store } from '../state/store.ts'
import { appendNew } from '../state/timeline.ts'
import { readReducer } from '../state/unread.ts'
import { memoryDatabase, openAccountDatabase, type AccountDatabase, type Place } from '../storage/database.ts'
import { leaveDrafts, takeDrafts } from '../storage/unwritten.ts'
import { createArchiveReader } from './archive-reader.ts'
import { createAvatars, type Avatars } from './avatars.ts'
import { createContacts, type Contacts } from './contacts.ts'
import { messageFrom, noteReceipt, updateTimeline, type ChatContext } from './context.ts'
import { createEvidence } from './evidence.ts'
import { createHistoryLoader } from './history.ts'
import { createOwnAccount, type OwnAccount } from './own-account.ts'
import { createPeople, type People } from './people.ts'
import { createPreviews, type Previews } from './previews.ts'
import { announcePage, createSending } from './sending.ts'
import { fetchStatus } from './service-documents.ts'
import { discoverServices } from './services.ts'
import { createUploads, type Uploads } from './uploads.ts'

export const VERSION = __VERSION__
export const BUILD = __BUILD__

/** How this client names itself. */
export function ownIdentity(): ClientIdentity {
  return { name: 'drawbridge-web', version: VERSION, build: BUILD, os: platform() }
}

/** What the screen can do. */
export interface Chat {
  readonly store: Store<ChatState>
  readonly contacts: Pick<Contacts, 'add' | 'remove' | 'answer'>
  readonly people: People
  readonly uploads: Uploads
  readonly avatars: Pick<Avatars, 'want' | 'load' | 'publish'>
  readonly previews: Previews
  readonly own: OwnAccount
  send(peer: string, body: string): void
  retry(id: string): void
  discard(id: string): void
  open(peer: string | undefined): void
  loadOlder(peer: string): Promise<void>
  /** Everything up to `at` has been on the screen. */
  markSeen(peer: string, at: number): void
  /** Kept across reloads; the empty string removes it. */
  saveDraft(peer: string, text: string): void
  setPresence(availability: Availability, status: string): void
  /** Where the person was before the last reload; undefined when that is long ago. */
  readonly lastPlace: Place | undefined
  savePlace(place: Place): void
  /** Connects, or tries again now instead of at the end of the wait. */
  connect(): void
  /** The page is looked at, or the network is back: is the link alive? */
  probe(): void
  /** The network is gone, as far as the browser knows. */
  interrupt(): void
  countUnsent(): number
  /** Resolves when everything is on disk. */
  flush(): Promise<void>
  /** Tells the server that the page goes away. */
  leave(): void
  /** Ends the session; with `wipe`, deletes what this browser kept for the account. */
  close(wipe: boolean): Promise<void>
}

export interface ChatOptions {
  readonly account: string
  readonly service: string
  readonly secret: Secret
  /** Signed in before: what is kept for the account may be shown while connecting. */
  readonly isRestored: boolean
  /** Called at every change, with the session made so far; the first `online` means that sign-in has succeeded. */
  readonly onConnection: (state: ConnectionState) => void
  readonly onSecret: (secret: KeptSecret) => void
  /** See {@link ConnectionOptions.renew}. */
  readonly renew: () => Promise<KeptSecret | undefined>
}

/** A place older than this is not returned to. */
const PLACE_MS = 3_600_000

/** Makes a session; it connects when told to. */
export function startChat(options: ChatOptions): Chat {
  const { account } = options
  const domain = domainpart(account)
  const store = createStore<ChatState>(emptyChatState(account))
  const page = crypto.randomUUID()
  let database: AccountDatabase | undefined
  let lastPlace: Place | undefined
  let clockOffsetMs = 0
  announcePage(page)

  const identity = ownIdentity()
  const evidence = createEvidence({
    account,
    domain,
    identity,
    // Where the link is lost, the next one begins with a proof.
    onDue: () => void connection.showClient().catch(() => undefined),
  })
  const connection: Connection = createConnection({
    service: options.service,
    domain,
    username: localpart(account),
    secret: options.secret,
    identity,
    prove: evidence.prove,
    answers: answers(),
    onState(state) {
      store.update((current) => ({ ...current, connection: state }))
      const suspensions = suspensionsIn(state)
      if (suspensions) setSuspensions(suspensions)
      options.onConnection(state)
    },
    // What needs the account's database waits for it, in order; sign-in with a wrong name must not make one.
    onSession: (session) => {
      sending.pause()
      void whenReady(() => beginSession(session.isResumed))
    },
    onStanza: (stanza) => void whenReady(() => receive(stanza)),
    onAcknowledged: (id) => void whenReady(() => sending.acknowledged(id)),
    onUncertain: () => undefined, // beginSession asks about everything that was under way.
    diagnose,
    onSecret: options.onSecret,
    renew: options.renew,
  })
  const context: ChatContext = {
    account,
    domain,
    store,
    connection,
    database: () => {
      if (!database) throw new Error('database is not open')
      return database
    },
    delivered: new Set(),
    now: () => Date.now() + clockOffsetMs,
  }
  const archive = createArchiveReader(() => connection, account)
  const history = createHistoryLoader(context, archive)
  const sending = createSending(context, archive, page)
  const contacts = createContacts(context)
  const avatars = createAvatars(context)
  const uploads = createUploads(context, (peer, media) => sending.enqueue(peer, media.url, media))

  let ready: Promise<void> | undefined
  /** Runs `step` after the database is open and everything earlier has been handled. */
  async function whenReady(step: () => void | Promise<void>): Promise<void> {
    ready ??= restore()
    await ready
    await step()
  }

  async function restore(): Promise<void> {
    database = await openAccountDatabase(account).catch(() => memoryDatabase())
    const [drafts, read, place] = await Promise.all([database.listDrafts(), database.listRead(), database.getPlace()])
    for (const id of await database.listDelivered()) context.delivered.add(id)
    const last = takeDrafts(account)
    for (const [peer, text] of last) void database.putDraft(peer, text)
    lastPlace = place && Date.now() - place.savedAt < PLACE_MS ? place : undefined
    store.update((state) => ({
      ...state,
      drafts: { ...drafts, ...Object.fromEntries(last), ...state.drafts },
      read: readReducer(state.read, { type: 'synced', markers: read }),
    }))
    await sending.restore()
    store.update((state) => ({ ...state, isRestored: true }))
    store.subscribe(persistRead())
  }

  /** Writes read markers as they move. */
  function persistRead(): () => void {
    let written = store.get().read
    return () => {
      const { read } = store.get()
      if (read === written) return
      for (const [peer, at] of Object.entries(read)) if (written[peer] !== at) void database?.putRead(peer, at)
      written = read
    }
  }

  async function beginSession(isResumed: boolean): Promise<void> {
    await askState()
    // Where nothing is open, nobody waits for the history to say what has to go out.
    const isCertain = sending.isCertain()
    if (isCertain) await sending.resume(isResumed)
    try {
      if (!isResumed) {
        contacts.forgetPresence()
        await Promise.all([
          contacts.loadRoster(),
          connection.request('set', xml('enable', { xmlns: NS_CARBONS })),
          syncClock(),
          history.catchUp(),
          discoverServices(context).catch(() => undefined),
        ])
        store.update((state) => ({ ...state, isSynced: true }))
        await contacts.announce()
        void history.loadPreviews().catch(() => undefined)
      }
    } catch {
      // The link was lost meanwhile, and the next session begins anew; or the server refuses one of these, and the
      // rest still works.
      store.update((state) => ({ ...state, isSynced: true }))
      await contacts.announce().catch(() => undefined)
    }
    if (!isCertain) await sending.resume(isResumed)
  }

  /**
   * What is suspended for this very session, and which of our messages wait: /status.json, which is for everybody, says
   * neither.
   */
  async function askState(): Promise<void> {
    const query = xml('state', { xmlns: NS_DRAWBRIDGE_SUSPENSION })
    const answer = await connection.request('get', query, domain).catch(() => undefined)
    const told = answer && parseServiceState(answer)
    if (!told) return
    store.update((state) => ({ ...state, held: new Set(told.held) }))
    setSuspensions(told.suspensions)
  }

  /** XEP-0202: read markers and order of new messages use the server's clock. */
  async function syncClock(): Promise<void> {
    const askedAt = Date.now()
    const answer = await connection.request('get', xml('time', { xmlns: NS_TIME }), domain).catch(() => undefined)
    const utc = Date.parse(answer?.getChild('time', NS_TIME)?.getChildText('utc') ?? '')
    if (!Number.isNaN(utc)) clockOffsetMs = Math.round(utc - (askedAt + Date.now()) / 2)
  }

  function receive(stanza: Element): void {
    if (stanza.name === 'presence') contacts.receivePresence(stanza)
    if (stanza.name !== 'message') return
    if (isArchiveResult(stanza)) return archive.receive(stanza)
    const from = stanza.attrs['from']
    if (from === domain) {
      // Nobody but our own server speaks for the service.
      const suspensions = findSuspensions(stanza)
      if (suspensions) return setSuspensions(suspensions)
      if (stanza.getChild('purge', NS_DRAWBRIDGE_MEDIA)) {
        return store.update((state) => ({ ...state, mediaGeneration: state.mediaGeneration + 1 }))
      }
      // An error came before it for whoever is there; this one says why, and nobody else can say it.
      const discarded = findDiscarded(stanza)
      for (const id of discarded) sending.refused(id, DISCARDED)
      if (discarded.length > 0) noteHeld((all) => all.difference(new Set(discarded)))
      const held = findHeldNotice(stanza)
      if (held !== undefined) return noteHeld((all) => all.union(new Set([held])))
      const released = findReleased(stanza)
      if (released) return noteHeld((all) => all.difference(new Set(released)))
    }
    if (avatars.receive(stanza)) return
    const incoming = parseIncoming(stanza, account)
    if (incoming.kind === 'chat') receiveChat(incoming.message, incoming.isLive)
    else if (incoming.kind === 'error') {
      // Held first, and discarded afterwards.
      noteHeld((all) => all.difference(new Set([incoming.id])))
      sending.refused(incoming.id, incoming.error)
    } else if (incoming.kind === 'receipt') noteReceipt(context, incoming.peer, incoming.id)
  }

  function receiveChat(received: ReceivedMessage, isLive: boolean): void {
    const message = messageFrom(context, received)
    if (isLive && received.stampedAt !== undefined && message.stanzaId !== undefined) history.takeLate(message)
    else {
      updateTimeline(store, message.peer, (timeline) => appendNew(timeline, [message]))
      if (message.stanzaId !== undefined) history.noteArchiveId(message.stanzaId)
    }
    if (message.mine) {
      const { peer, at } = message
      store.update((state) => ({ ...state, read: readReducer(state.read, { type: 'answered', peer, at }) }))
    } else if (isLive && received.asksReceipt && received.id !== undefined) {
      connection.send(buildReceipt(xml, received.from, received.id)).catch(() => undefined)
    }
  }

  function noteHeld(change: (held: ReadonlySet<string>) => ReadonlySet<string>): void {
    store.update((state) => ({ ...state, held: change(state.held) }))
  }

  function setSuspensions(suspensions: readonly Suspension[]): void {
    const wasHidden = hidesMessages(store.get().suspensions)
    store.update((state) => ({ ...state, suspensions }))
    void whenReady(async () => {
      sending.pump()
      // Whoever came while messages were hidden has none of them yet.
      if (!wasHidden || hidesMessages(suspensions)) return
      await history.catchUp().then(history.loadPreviews, () => undefined)
    })
  }

  /** Browsers hide why an upgrade was refused, so the public status is asked for. */
  async function diagnose(failure: Failure): Promise<Failure> {
    if (failure.kind !== 'unreachable' && failure.kind !== 'suspended' && failure.kind !== 'try-later') return failure
    const status = await fetchStatus()
    if (!status) return failure
    const { suspensions, returnMs } = status
    setSuspensions(suspensions)
    if (suspensions.some(isCut)) return { kind: 'suspended', suspensions, returnMs }
    return failure.kind === 'suspended' || returnMs !== undefined ? { kind: 'unreachable', returnMs } : failure
  }

  function answers(): Answer[] {
    return [
      {
        type: 'get',
        xmlns: NS_VERSION,
        name: 'query',
        answer: () =>
          xml(
            'query',
            { xmlns: NS_VERSION },
            xml('name', {}, 'drawbridge-web'),
            xml('version', {}, VERSION),
            xml('os', {}, platform()),
          ),
      },
      {
        type: 'get',
        xmlns: NS_DISCO_INFO,
        name: 'query',
        answer: (query) => buildDiscoInfo(xml, query.attrs['node']),
      },
      {
        type: 'set',
        xmlns: NS_ROSTER,
        name: 'query',
        answer: (query, iq) => {
          if (!contacts.receivePush(query, iq.attrs['from'])) throw new Error('roster push from a stranger')
          return undefined
        },
      },
    ]
  }

  /** Drafts not written yet: each key press changes one, each pause writes it. */
  const unwritten = new Map<string, string>()
  let draftTimer: ReturnType<typeof setTimeout> | undefined
  async function writeDrafts(): Promise<void> {
    clearTimeout(draftTimer)
    const drafts = [...unwritten]
    unwritten.clear()
    await Promise.all(drafts.map(([peer, text]) => Promise.resolve(database?.putDraft(peer, text))))
  }

  if (options.isRestored) void whenReady(() => undefined)
  return {
    store,
    contacts,
    people: createPeople(context),
    uploads,
    avatars,
    previews: createPreviews(context),
    own: createOwnAccount(context),
    send: (peer, body) => sending.enqueue(peer, body),
    retry: (id) => sending.retry(id),
    discard: (id) => void sending.discard(id),
    open(peer) {
      // Whoever goes elsewhere comes back to the end, not to where they once were.
      if (lastPlace !== undefined && peer !== lastPlace.peer) lastPlace = undefined
      store.update((state) => (state.open === peer ? state : { ...state, open: peer }))
    },
    loadOlder: (peer) => history.loadOlder(peer),
    markSeen: (peer, at) =>
      store.update((state) => {
        const read = readReducer(state.read, { type: 'seen', peer, at })
        return read === state.read ? state : { ...state, read }
      }),
    saveDraft(peer, text) {
      store.update((state) => ({ ...state, drafts: { ...state.drafts, [peer]: text } }))
      unwritten.set(peer, text)
      clearTimeout(draftTimer)
      draftTimer = setTimeout(() => void whenReady(writeDrafts), 200)
    },
    setPresence: (availability, status) => void contacts.announce(availability, status).catch(() => undefined),
    get lastPlace() {
      return lastPlace
    },
    savePlace: (place) => void whenReady(() => database?.putPlace(place)),
    connect: () => connection.connect(),
    probe: () => connection.probe(),
    interrupt: () => connection.interrupt(),
    countUnsent: () => sending.countUnsent(),
    flush: () =>
      whenReady(async () => {
        await writeDrafts()
        await database?.flush()
      }),
    leave() {
      leaveDrafts(account, [...unwritten])
      void writeDrafts()
      connection.leave()
    },
    async close(wipe) {
      evidence.stop()
      await connection.close()
      if (wipe && ready) await whenReady(() => database?.wipe())
    },
  }
}

function suspensionsIn(state: ConnectionState): readonly Suspension[] | undefined {
  return 'failure' in state && state.failure?.kind === 'suspended' ? state.failure.suspensions : undefined
}

/** Operating system in one lower-case word, for the administrator's inventory. */
function platform(): string {
  const { userAgent } = navigator
  if (/android/i.test(userAgent)) return 'android'
  if (/iphone|ipad/i.test(userAgent)) return 'ios'
  if (/windows/i.test(userAgent)) return 'windows'
  if (/mac os/i.test(userAgent)) return 'macos'
  return /linux|x11|cros/i.test(userAgent) ? 'linux' : 'other'
}
