import type { LiveEffect, Rule } from './engine.ts'
import type {
  AccountCreationFacts,
  MediaFacts,
  PushFacts,
  Question,
  Questions,
  RoomFacts,
  SessionFacts,
  StanzaFacts,
} from './questions.ts'
import type { SuspensionSetting } from './settings.ts'
import { ARCHIVE_NAMESPACE, compileScope, SEARCH_NAMESPACE } from './suspension-scope.ts'
import type { CompiledScope, Subject, SuspensionScope } from './suspension-scope.ts'
import { PASS, refuse } from './verdict.ts'
import type { Refuse, Verdict, VerdictDetails } from './verdict.ts'
import type { SuspensionMode } from './vocabulary.ts'

type Answer = 'pass' | 'hold' | 'refuse' | 'discard'

const row = (announce: Answer, hold: Answer, readOnly: Answer, reject: Answer, cut: Answer) => ({
  announce,
  hold,
  'read-only': readOnly,
  reject,
  cut,
})

/** THE table: control §4.2 for each action. */
const ANSWERS = {
  //            announce hold       read-only  reject     cut
  /** A message that is archived: it can be held. */
  store: row('pass', 'hold', 'refuse', 'refuse', 'refuse'),
  /** A message with words that is not archived. */
  say: row('pass', 'refuse', 'refuse', 'refuse', 'refuse'),
  /** A chat state: it has no use later, and an error for each would be noise. */
  chatter: row('pass', 'discard', 'discard', 'discard', 'refuse'),
  /** What reaches another person, or changes what others see of the scope, and is no message. */
  act: row('pass', 'refuse', 'refuse', 'refuse', 'refuse'),
  /** That one is there: the client needs its presence to get messages, so that others do not see it, and it is no error. */
  appear: row('pass', 'discard', 'discard', 'discard', 'discard'),
  /** What is asked for within the scope. */
  look: row('pass', 'pass', 'pass', 'refuse', 'refuse'),
  /** Anything else on a stream: pings, one's own presence and contacts. */
  see: row('pass', 'pass', 'pass', 'pass', 'refuse'),
  /** An answer must never be answered with an error (RFC 6120 §8.3.1); after a cut it just ends here. */
  reply: row('pass', 'pass', 'pass', 'pass', 'discard'),
  /** An error for a message or a presence, an answer without a question: room for words that nobody waits for. */
  echo: row('pass', 'discard', 'discard', 'discard', 'discard'),
  open: row('pass', 'pass', 'pass', 'pass', 'refuse'),
  register: row('pass', 'refuse', 'refuse', 'refuse', 'refuse'),
  /** Uploads stop in every mode: a file that nobody may send needs no room. */
  upload: row('pass', 'refuse', 'refuse', 'refuse', 'refuse'),
  download: row('pass', 'pass', 'pass', 'refuse', 'refuse'),
  /** Who enters a room is sent what was said there: that is a read. Whoever is inside stays. */
  enter: row('pass', 'pass', 'pass', 'refuse', 'refuse'),
  /** To enter under a name that nobody there knows one by shows everybody inside what one has written. */
  name: row('pass', 'refuse', 'refuse', 'refuse', 'refuse'),
  /** A notification past all streams, where notifications are what is suspended; else it is a read. */
  wake: row('pass', 'refuse', 'refuse', 'refuse', 'refuse'),
} as const satisfies Record<string, Readonly<Record<SuspensionMode, Answer>>>

/** What somebody does, as modes tell it apart. */
type SuspendedAction = keyof typeof ANSWERS

/** One suspension, ready to be asked. */
export interface CompiledSuspension {
  readonly setting: SuspensionSetting
  readonly scopes: readonly CompiledScope[]
  readonly accounts: ReadonlySet<string>
  readonly units: ReadonlySet<string>
  readonly rooms: ReadonlySet<string>
  readonly bots: ReadonlySet<string>
}

/** What one suspension says, and by which of its scopes. */
export interface SuspensionAnswer {
  readonly verdict: Verdict
  /** Absent: it is not about this. */
  readonly scope?: CompiledScope
  /** Why it says nothing although it is about this. */
  readonly exemption?: Exemption
  /** As which exemption it is written: present where the suspension would have stopped this without it. */
  readonly spared?: string
}

/** Suspends scopes in modes. Break-glass accounts pass everything; administrators keep console, API and CLI. */
export function suspension(settings: readonly SuspensionSetting[]): Rule {
  const inForce = settings.filter(({ mode, isScheduled }) => mode !== 'announce' && !isScheduled).map(compileSuspension)
  const ask =
    <Q extends Question>(question: Q) =>
    (facts: Questions[Q]): Verdict =>
      strictest(inForce.map((suspended) => answerOf(suspended, question, facts))).verdict
  return {
    name: 'suspension',
    decide: {
      'session.open': ask('session.open'),
      'session.resume': ask('session.resume'),
      'account.create': ask('account.create'),
      'stanza.route': ask('stanza.route'),
      'room.join': ask('room.join'),
      'upload.request': ask('upload.request'),
      'upload.put': ask('upload.put'),
      'upload.publish': ask('upload.publish'),
      'media.read': ask('media.read'),
      'push.send': ask('push.send'),
      'http.request': ask('http.request'),
    },
    live: (session) => liveEffectOf(ask('session.open')(session)),
  }
}

/** Compiles one suspension. @throws Error when one of its scopes is none. */
export function compileSuspension(setting: SuspensionSetting): CompiledSuspension {
  const { accounts, units, rooms, bots } = setting.exemptions
  return {
    setting,
    scopes: setting.scopes.map(compileScope),
    accounts: new Set(accounts),
    units: new Set(units),
    rooms: new Set(rooms),
    bots: new Set(bots),
  }
}

/** What one suspension says to one question, with the scope and the exemption that made it so. */
export function answerOf<Q extends Question>(
  suspended: CompiledSuspension,
  question: Q,
  facts: Questions[Q],
): SuspensionAnswer {
  const reading: Reading = READERS[question](facts)
  let found: SuspensionAnswer = { verdict: PASS }
  for (const scope of suspended.scopes) {
    if (!reading.isAbout(scope)) continue
    const action = reading.actionIn(scope)
    const { mode, exemption, by } = exemptRecipient(suspended, reading, scope) ?? modeFor(suspended, reading, action)
    const verdict = verdictFrom(suspended.setting, scope, ANSWERS[action][mode])
    const isSpared = by !== undefined && ANSWERS[action][suspended.setting.mode] !== 'pass'
    const answer = {
      verdict,
      scope,
      ...(exemption === undefined ? {} : { exemption }),
      ...(isSpared ? { spared: by } : {}),
    }
    found = found.scope === undefined ? answer : stricter(found, answer)
  }
  return found
}

/** Of all answers the strictest; of two holds, that of the narrower scope keeps the message. */
export function strictest(answers: readonly SuspensionAnswer[]): SuspensionAnswer {
  return answers.reduce(stricter, { verdict: PASS })
}

// --- questions as suspensions see them ------------------------------------------------------------------------------------

interface Reading {
  readonly subject: Subject
  /** Whom it goes to; a scope may be about it for that alone. */
  readonly recipient?: StanzaFacts['recipient']
  readonly room?: string | undefined
  readonly isAbout: (scope: CompiledScope) => boolean
  readonly actionIn: (scope: CompiledScope) => SuspendedAction
}

type Readers = { readonly [Q in Question]: (facts: Questions[Q]) => Reading }

const onUpload = (facts: MediaFacts) => readMedia(facts, 'upload')
const onSession = (facts: SessionFacts): Reading => readWho(facts)

const READERS: Readers = {
  // The request is a stanza, and was asked about as one.
  'push.register': () => ({ subject: {}, isAbout: () => false, actionIn: () => 'act' }),
  'session.open': onSession,
  'session.resume': onSession,
  'http.request': readHttp,
  'account.create': (facts: AccountCreationFacts) => ({
    subject: {},
    // Administrators may prepare accounts while nobody else comes in.
    isAbout: ({ tests }) => facts.origin !== 'administrator' && tests.create?.(facts) === true,
    actionIn: () => 'register',
  }),
  'stanza.route': readStanza,
  'room.join': (facts: RoomFacts) => ({
    subject: facts,
    room: facts.room,
    isAbout: ({ tests }) => tests.join?.(facts) === true || tests.who?.(facts) === true,
    actionIn: () => (facts.isNamedAnew === true ? 'name' : 'enter'),
  }),
  'upload.request': onUpload,
  'upload.put': onUpload,
  'upload.publish': onUpload,
  'media.read': (facts: MediaFacts) => readMedia(facts, 'download'),
  'push.send': (facts: PushFacts) => ({
    subject: facts,
    isAbout: ({ tests }) => tests.push?.(facts) === true || tests.who?.(facts) === true,
    actionIn: ({ tests }) => (tests.push ? 'wake' : 'look'),
  }),
}

function readWho(subject: Subject): Reading {
  return { subject, isAbout: ({ tests }) => tests.who?.(subject) === true, actionIn: () => 'open' }
}

function readHttp(facts: Questions['http.request']): Reading {
  const isOpen = facts.area === 'public' || (facts.area !== 'app' && facts.account?.isAdmin !== false)
  return isOpen ? { ...readWho(facts), isAbout: () => false } : readWho(facts)
}

function readMedia(facts: MediaFacts, action: 'upload' | 'download'): Reading {
  return {
    subject: facts,
    room: facts.room,
    isAbout: ({ tests }) => tests.media?.(facts) === true || tests.who?.(facts) === true,
    actionIn: () => action,
  }
}

function readStanza(facts: StanzaFacts): Reading {
  return {
    subject: facts,
    recipient: facts.recipient,
    room: facts.room,
    isAbout: ({ tests }) =>
      facts.origin !== 'server' && (tests.stanza?.(facts) === true || tests.who?.(facts) === true),
    actionIn: (scope) => stanzaAction(scope, facts),
  }
}

function stanzaAction(scope: CompiledScope, facts: StanzaFacts): SuspendedAction {
  const { kind, type, isDurable, hasBody, isUnasked } = facts
  if (kind === 'iq' && (type === 'error' || type === 'result')) return isUnasked === true ? 'echo' : 'reply'
  if (type === 'error') return 'echo'
  if (kind === 'message') return isDurable ? 'store' : hasBody ? 'say' : 'chatter'
  if (kind === 'presence') return presenceAction(scope, facts)
  if (isArchiveQuery(facts)) return 'look'
  return isSend(scope, facts) ? 'act' : scope.tests.who === undefined ? 'look' : 'see'
}

/** What presence does: people go on seeing who is there, and cannot talk by what they write into it. */
function presenceAction(
  { kind: scope }: CompiledScope,
  { type, target, hasBody, isPublication }: StanzaFacts,
): SuspendedAction {
  if (type === 'subscribe' || isPublication === true) return 'act'
  if (type === 'probe') return scope === 'presence' ? 'look' : 'see'
  if (scope === 'presence' && type === 'available') return target === 'self' ? 'appear' : 'act'
  return hasBody && (type === 'available' || type === 'unavailable') ? 'appear' : 'see'
}

/** Requests that reach another person, or change what others see of this scope. Those cannot be held. */
function isSend({ kind: scope, tests }: CompiledScope, facts: StanzaFacts): boolean {
  const { type, target, isPublication, isRemoval } = facts
  if (scope === 'federation' || scope === 'peer') return true
  // A room that is suspended is where somebody has to be put out.
  if (isRemoval === true) return false
  // Of a person, or of everybody, only what reaches others: the rest is one's own business.
  const reachesOthers = target === 'local' || target === 'remote' || isPublication === true
  return type === 'set' && (tests.who === undefined || reachesOthers)
}

/** A search is of type `set`, too (XEP-0313 §4.1, XEP-0055 §2.2): to ask for something is not to say something. */
function isArchiveQuery({ kind, namespaces }: StanzaFacts): boolean {
  return kind === 'iq' && (namespaces.includes(ARCHIVE_NAMESPACE) || namespaces.includes(SEARCH_NAMESPACE))
}

// --- exemptions -------------------------------------------------------------------------------------------------------------

type Exemption = 'break-glass' | 'account' | 'unit' | 'room' | 'bot'

/** What an emergency bot may do beside being signed in. */
const BOT_ACTIONS: ReadonlySet<SuspendedAction> = new Set(['store', 'say', 'chatter'])

/**
 * What members of an incident room do for it without naming it. Where a file goes is said by the message that shares it,
 * and that is asked about.
 */
const ROOMLESS: ReadonlySet<SuspendedAction> = new Set(['open', 'upload'])

/** @param by - as it is written in the suspension; break-glass accounts are not, and their uses are on record anyway */
const free = (exemption: Exemption, by?: string) =>
  ({ mode: 'announce', exemption, ...(by === undefined ? {} : { by }) }) as const

/** Whoever is left alone is so as a recipient, too, where that is what the scope is about. */
function exemptRecipient(
  { accounts, units }: CompiledSuspension,
  { subject, recipient }: Reading,
  scope: CompiledScope,
) {
  if (recipient === undefined || scope.tests.who?.(subject) !== false) return undefined
  if (recipient.isBreakGlass) return free('break-glass')
  if (accounts.has(recipient.localpart)) return free('account', recipient.localpart)
  const unit = units.size === 0 ? undefined : recipient.units?.find((name) => units.has(name))
  return unit === undefined ? undefined : free('unit', `unit:${unit}`)
}

/**
 * The mode that a suspension has for somebody. Members of incident rooms and emergency bots stay connected for their
 * purpose alone: for the rest, what would be cut is hidden.
 */
function modeFor(
  { setting: { mode }, accounts, units, rooms, bots }: CompiledSuspension,
  { subject: { account, from }, room }: Reading,
  action: SuspendedAction,
): { readonly mode: SuspensionMode; readonly exemption?: Exemption; readonly by?: string } {
  if (account?.isBreakGlass === true) return free('break-glass')
  if (account && accounts.has(account.localpart)) return free('account', account.localpart)
  const unit = units.size === 0 ? undefined : account?.units?.find((name) => units.has(name))
  if (unit !== undefined) return free('unit', `unit:${unit}`)
  const incident = rooms.size === 0 ? [] : (account?.rooms ?? []).filter((jid) => rooms.has(jid))
  const ownRoom = room === undefined ? incident[0] : incident.find((jid) => jid === room)
  if (ownRoom !== undefined && (room !== undefined || ROOMLESS.has(action))) return free('room', `room:${ownRoom}`)
  const isEmergencyBot = bots.size > 0 && isBot(bots, account?.localpart, from)
  if (isEmergencyBot && (action === 'open' || BOT_ACTIONS.has(action))) {
    return free('bot', `bot:${from?.split('/', 1)[0] ?? account?.localpart ?? ''}`)
  }
  return { mode: mode === 'cut' && (isEmergencyBot || incident.length > 0) ? 'reject' : mode }
}

function isBot(bots: ReadonlySet<string>, localpart: string | undefined, from: string | undefined): boolean {
  if (from !== undefined) return bots.has(from.split('/', 1)[0] ?? '')
  return localpart !== undefined && [...bots].some((jid) => jid.startsWith(`${localpart}@`))
}

// --- verdicts ---------------------------------------------------------------------------------------------------------------

function verdictFrom(setting: SuspensionSetting, scope: CompiledScope, answer: Answer): Verdict {
  switch (answer) {
    case 'pass':
      return PASS
    case 'hold':
      return { action: 'hold', suspensionId: setting.id }
    case 'discard':
      return { action: 'discard', reason: `suspension ${setting.id}` }
    case 'refuse':
      return refusal(setting, scope.scope)
  }
}

function stricter(a: SuspensionAnswer, b: SuspensionAnswer): SuspensionAnswer {
  const difference = strictness(b.verdict) - strictness(a.verdict)
  if (difference !== 0) return difference > 0 ? b : a
  const isNarrower = b.verdict.action === 'hold' && (b.scope?.narrowness ?? 0) > (a.scope?.narrowness ?? 0)
  return isNarrower || (a.scope === undefined && b.scope !== undefined) ? b : a
}

/** pass < hold < refused (a cut above other refusals, since its text must win) < dropped silently. */
export function strictness(verdict: Verdict): number {
  switch (verdict.action) {
    case 'pass':
      return 0
    case 'hold':
      return 1
    case 'refuse':
      return verdict.details['mode'] === 'cut' ? 3 : 2
    case 'discard':
      return 4
  }
}

function refusal(setting: SuspensionSetting, scope: SuspensionScope): Refuse {
  return refuse('suspended', `suspension ${setting.id}, ${scope} ${setting.mode}`, {
    retryable: true,
    details: detailsOf(setting, scope),
  })
}

/** What users are told: the reason, since when, and the expected end. */
function detailsOf({ id, mode, reason, since, until }: SuspensionSetting, scope: SuspensionScope): VerdictDetails {
  return {
    suspension: id,
    scope,
    mode,
    reason,
    since: new Date(since).toISOString(),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  }
}

function liveEffectOf(verdict: Verdict): LiveEffect {
  if (verdict.action !== 'refuse') return { action: 'none' }
  return { action: 'disconnect', code: verdict.code, details: verdict.details }
}
