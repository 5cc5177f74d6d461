import type { LiveEffect, Rule } from './engine.ts'
import type {
  AccountCreationFacts,
  AccountFacts,
  MediaFacts,
  Questions,
  RoomFacts,
  SessionFacts,
  StanzaFacts,
} from './questions.ts'
import type { SuspensionSetting } from './settings.ts'
import { PASS, refuse } from './verdict.ts'
import type { Refuse, Verdict, VerdictDetails } from './verdict.ts'

// Modes, for each kind of action (strictest answer of all suspensions in force wins):
//
//            new sends   reads     sessions
//   announce pass        pass      kept
//   hold     held        pass      kept
//   read-only refused    pass      kept
//   reject   refused     refused   kept
//   cut      refused     refused   closed, new ones refused (scope service only)

/** Payloads that carry or fetch files between clients, past our upload. */
const FILE_NAMESPACES: ReadonlySet<string> = new Set([
  'urn:xmpp:jingle:1',
  'urn:xmpp:jingle:apps:file-transfer:5',
  'http://jabber.org/protocol/si',
  'http://jabber.org/protocol/ibb',
  'http://jabber.org/protocol/bytestreams',
  'jabber:iq:oob',
])

/** Payloads that are images, whatever else the stanza says. */
const IMAGE_NAMESPACES: ReadonlySet<string> = new Set(['urn:xmpp:bob', 'urn:xmpp:avatar:data'])

/** Archive queries: what `reject` hides. */
const ARCHIVE_NAMESPACE = 'urn:xmpp:mam:2'

/** Suspends scopes in modes. Break-glass accounts pass everything; administrators keep console, API and CLI. */
export function suspension(settings: readonly SuspensionSetting[]): Rule {
  const inForce = settings.filter(({ mode }) => mode !== 'announce')
  const open = (facts: SessionFacts): Verdict => openVerdict(inForce, facts.account)
  return {
    name: 'suspension',
    decide: {
      'session.open': open,
      'session.resume': open,
      'account.create': (facts) => creationVerdict(inForce, facts),
      'stanza.route': (facts) => stanzaVerdict(inForce, facts),
      'room.join': (facts) => joinVerdict(inForce, facts),
      'upload.request': (facts) => uploadVerdict(inForce, facts),
      'upload.put': (facts) => uploadVerdict(inForce, facts),
      'media.read': (facts) => readVerdict(inForce, facts),
      'http.request': (facts) => httpVerdict(inForce, facts),
    },
    live: (session) => liveEffectOf(inForce, session),
  }
}

function openVerdict(suspensions: readonly SuspensionSetting[], account: AccountFacts | undefined): Verdict {
  if (account?.isBreakGlass === true) return PASS
  const cut = suspensions.find(({ scope, mode }) => scope === 'service' && mode === 'cut')
  return cut ? refusal(cut) : PASS
}

/** Nobody new comes in while the service is suspended; administrators may still prepare. */
function creationVerdict(suspensions: readonly SuspensionSetting[], { origin }: AccountCreationFacts): Verdict {
  if (origin === 'administrator') return PASS
  return strictest(suspensions, (setting) => (setting.scope === 'service' ? refusal(setting) : PASS))
}

function stanzaVerdict(suspensions: readonly SuspensionSetting[], facts: StanzaFacts): Verdict {
  if (facts.origin === 'server' || facts.account?.isBreakGlass === true) return PASS
  return strictest(suspensions, (setting) => stanzaAnswer(setting, facts))
}

function stanzaAnswer(setting: SuspensionSetting, facts: StanzaFacts): Verdict {
  if (!isStanzaInScope(setting, facts)) return PASS
  const isReply = facts.type === 'error' || (facts.kind === 'iq' && facts.type === 'result')
  // A reply must never be answered with an error (RFC 6120 §8.3.1); after a cut it just ends here.
  if (isReply) return setting.mode === 'cut' ? { action: 'discard', reason: `suspension ${setting.id}` } : PASS
  if (setting.mode === 'cut') return refusal(setting)
  if (facts.kind === 'message') return messageAnswer(setting, facts)
  return isSend(setting, facts) || (setting.mode === 'reject' && isRead(setting, facts)) ? refusal(setting) : PASS
}

/** Only what is archived can be held. A chat state has no use later, and an error for each would be noise. */
function messageAnswer(setting: SuspensionSetting, { isDurable, hasBody }: StanzaFacts): Verdict {
  if (!isDurable && !hasBody) return { action: 'discard', reason: `suspension ${setting.id}` }
  return setting.mode === 'hold' && isDurable ? { action: 'hold', suspensionId: setting.id } : refusal(setting)
}

/** Requests that reach another person, or change what others see of this scope. Those cannot be held. */
function isSend({ scope }: SuspensionSetting, { kind, type, target }: StanzaFacts): boolean {
  if (kind === 'presence') return type === 'subscribe'
  if (scope === 'federation') return true
  return type === 'set' && (scope !== 'service' || target === 'local' || target === 'remote')
}

/** What `reject` hides: the archive for the whole service, anything that is asked for in a narrower scope. */
function isRead({ scope }: SuspensionSetting, { kind, namespaces }: StanzaFacts): boolean {
  return kind === 'iq' && (scope !== 'service' || namespaces.includes(ARCHIVE_NAMESPACE))
}

function isStanzaInScope({ scope }: SuspensionSetting, facts: StanzaFacts): boolean {
  switch (scope) {
    case 'service':
      return true
    case 'federation':
      return facts.target === 'remote' || facts.origin === 'remote'
    case 'images':
      return facts.media === 'image' || facts.namespaces.some((namespace) => IMAGE_NAMESPACES.has(namespace))
    case 'files':
      return (
        facts.media !== undefined ||
        facts.namespaces.some((namespace) => FILE_NAMESPACES.has(namespace) || IMAGE_NAMESPACES.has(namespace))
      )
  }
}

/** Who enters a room is sent what was said there: that is a read like any other. Whoever is inside stays. */
function joinVerdict(suspensions: readonly SuspensionSetting[], { account }: RoomFacts): Verdict {
  if (account.isBreakGlass) return PASS
  return strictest(suspensions, (setting) =>
    setting.scope === 'service' && (setting.mode === 'reject' || setting.mode === 'cut') ? refusal(setting) : PASS,
  )
}

/** Uploads stop in every mode: a file that nobody may send needs no room. */
function uploadVerdict(suspensions: readonly SuspensionSetting[], facts: MediaFacts): Verdict {
  if (facts.account?.isBreakGlass === true) return PASS
  return strictest(suspensions, (setting) => (isMediaInScope(setting, facts) ? refusal(setting) : PASS))
}

function readVerdict(suspensions: readonly SuspensionSetting[], facts: MediaFacts): Verdict {
  if (facts.account?.isBreakGlass === true) return PASS
  return strictest(suspensions, (setting) =>
    isMediaInScope(setting, facts) && (setting.mode === 'reject' || setting.mode === 'cut') ? refusal(setting) : PASS,
  )
}

function isMediaInScope({ scope }: SuspensionSetting, { isImage }: MediaFacts): boolean {
  return scope === 'service' || scope === 'files' || (scope === 'images' && isImage)
}

function httpVerdict(suspensions: readonly SuspensionSetting[], facts: Questions['http.request']): Verdict {
  if (facts.area === 'public' || (facts.area === 'admin' && facts.account?.isAdmin !== false)) return PASS
  return openVerdict(suspensions, facts.account)
}

function liveEffectOf(suspensions: readonly SuspensionSetting[], { account }: SessionFacts): LiveEffect {
  const verdict = openVerdict(suspensions, account)
  if (verdict.action !== 'refuse') return { action: 'none' }
  return { action: 'disconnect', code: verdict.code, details: verdict.details }
}

function strictest(
  suspensions: readonly SuspensionSetting[],
  answer: (setting: SuspensionSetting) => Verdict,
): Verdict {
  let found: Verdict = PASS
  for (const setting of suspensions) {
    const verdict = answer(setting)
    const isStricter = strictness(verdict) > strictness(found)
    // Of two holds the narrower one keeps the message, so that ending the wider one does not let it out.
    const isNarrower = verdict.action === 'hold' && found.action === 'hold' && setting.scope !== 'service'
    if (isStricter || isNarrower) found = verdict
  }
  return found
}

/** pass < hold < refused (a cut above other refusals, since its text must win) < dropped silently. */
function strictness(verdict: Verdict): number {
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

function refusal(setting: SuspensionSetting): Refuse {
  return refuse('suspended', `suspension ${setting.id}, ${setting.scope} ${setting.mode}`, {
    retryable: true,
    details: detailsOf(setting),
  })
}

/** What users are told: the reason, since when, and the expected end. */
function detailsOf({ id, scope, mode, reason, since, until }: SuspensionSetting): VerdictDetails {
  return {
    suspension: id,
    scope,
    mode,
    reason,
    since: new Date(since).toISOString(),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  }
}
