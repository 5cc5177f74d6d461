import { CODES, isErrorCode, SESSION_END, statusLanguageOf, suspensionsText } from '@drawbridge/contract'
import type { ErrorCode, SessionEndCode } from '@drawbridge/contract'
import { buildSuspensions, xml } from '@drawbridge/xmpp'
import type { Element, SettingIdentity } from '@drawbridge/xmpp'
import { claimFrom, claimFromCaps, hasExemptions, isInForce, isInScope } from '@drawbridge/policy'
import type { Claim, ClientIdentity, SuspensionSetting, VerdictDetails } from '@drawbridge/policy'
import { BoundedMap } from '@drawbridge/runtime'
import { publicSuspensions } from '../policy/enforce.ts'
import type { LiveSession } from '../policy/enforce.ts'
import { ask } from '../policy/gate.ts'
import type { LivePolicy } from '../policy/live.ts'
import { cutWords, refusalWords } from '../policy/words.ts'
import type { Said } from '../policy/words.ts'
import type { Connection } from '../transport/connection.ts'
import type { Session } from './session.ts'
import type { Pacing } from './pacing.ts'
import type { TurnedAway } from './turned-away.ts'
import {
  BLOCKED,
  blockedElements,
  buildHeadline,
  inEveryLanguage,
  noticesFrom,
  purgeNotice,
  retry,
  STATE,
  SUBJECTS,
} from './notices.ts'
import type { Translated } from './notices.ts'
import type { StreamRefusal } from './stream-server.ts'

const OWN_CLIENT = 'drawbridge-web'
/** How long an installation is not told again why it is turned away, in milliseconds (control §3.3). */
const TOLD_MS = 86_400_000
/** Installations remembered for that; of more, those that came last. */
const MAX_TOLD = 100_000
/** How long a client has to show what it is (control §3.1, limbo), in milliseconds. */
const LIMBO_MS = 10_000

/** The web client: it shows what a refusal says in a page of its own. */
export function isOwnClient({ family }: ClientIdentity): boolean {
  return family === OWN_CLIENT
}

export interface AdmissionOptions {
  readonly policy: () => LivePolicy
  readonly domain: string
  /** From there, even a cut lets people sign in far enough to be recognized: break-glass accounts may come from there. */
  readonly isInZone: (remoteAddress: string) => boolean
  readonly pacing: Pacing
  readonly turnedAway: TurnedAway
  /** How many messages of this account are held back now, whatever became of the suspension that held them. */
  readonly countHeld: (account: string) => Promise<number>
  /** A rule has ended this session: what its client could come back with ends, too. */
  readonly withdraw: (session: Session) => void
  /** It is known, as well as it will be for now, what the client of a session is, and the session may stay. */
  readonly settled?: (session: Session) => void
  /** The session may not stay, as what its client is by now. */
  readonly refused?: (session: Session) => void
  readonly now: () => Date
}

export interface Admission {
  /**
   * Asks whether a session may stay, now and again when more is known about its client (control §3.1). Resolves when
   * that is settled; the session is ended if it may not.
   */
  admit(session: Session): Promise<void>
  /** During a cut nobody gets as far as signing in, except from where break-glass accounts may come (control §4.2). */
  refusalBeforeSignIn(remoteAddress: string, language: string | undefined): StreamRefusal | undefined
  /** Takes the capabilities' node as evidence of the client (XEP-0115), and asks again. */
  capsAnnounced(session: Session, node: string): void
  /** Takes what a client says of itself in a further way, and asks again. */
  claimed(session: Session, claim: Claim): void
  /** The same client, with other evidence: rules by tier look at it again. */
  corroborated(session: Session): void
  /** The same, where all sessions are about to be looked at anyway. */
  reviewed(session: Session): void
  /** What the user of a client that is turned away needs to know: why, and what to do; in the language of its stream. */
  refusal(code: ErrorCode, details: VerdictDetails, language: string | undefined): StreamRefusal
  /** Ends a session with what its user needs to know. */
  expel(session: Session, code: ErrorCode, details: VerdictDetails): void
  /** Ends a session for a reason that is not policy: its account is gone, or its password is a new one. */
  dismiss(session: Session, why: SessionEndCode): void
  /** A session as policy sees it: with ways to talk to it and to end it. */
  liveSession(session: Session): LiveSession
}

/** Decides who stays, and says goodbye in words. */
export function createAdmission({
  policy,
  domain,
  isInZone,
  pacing,
  turnedAway,
  countHeld,
  withdraw,
  settled,
  refused,
  now,
}: AdmissionOptions): Admission {
  const headline = (session: Session, subject: Translated, body: Translated, ...details: Element[]) =>
    session.send(buildHeadline({ from: domain, to: session.jid, subject, body, details }))
  const inForce = () => policy().gate.settings.suspensions
  /** What everybody may know, and the one that it is about. */
  const suspensions = (about: string | undefined) =>
    buildSuspensions(noticesFrom(publicSuspensions(inForce(), { about })))
  const wordsOf = (code: ErrorCode, details: VerdictDetails, language: string | undefined): Said =>
    code === 'suspended' ? cutWords(details, language, inForce()) : refusalWords(code, details, language)
  const translated = (code: ErrorCode, details: VerdictDetails) =>
    inEveryLanguage((language) => wordsOf(code, details, language).text)
  const refusal: Admission['refusal'] = (code, details, language) => ({
    text: wordsOf(code, details, language),
    isLasting: BLOCKED.has(code),
    details:
      code === 'suspended'
        ? [suspensions(details['suspension']), ...retry(pacing.draw())]
        : blockedElements(code, details),
  })
  /** Sessions in limbo that wait until more is known of their clients, or that there is no more. */
  const shown = new Map<Session, () => void>()
  const moreEvidence = async (session: Session) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, LIMBO_MS).unref()
    shown.set(session, resolve)
    await promise
    clearTimeout(timer)
    shown.delete(session)
  }
  /** Its word is not enough, and its capabilities may speak for it yet. */
  const isWaitingForCaps = ({ account, client: { tier, isSuspect } }: Session) =>
    tier === 'E1' && !isSuspect && policy().gate.requiredTier(account) === 'E2'
  const toldAt = new BoundedMap<string, number>(MAX_TOLD)
  /** One message a day about a rule for each installation: whoever tries all night need not read of it all morning. */
  const wasTold = ({ installation }: Session, code: ErrorCode, details: VerdictDetails): boolean => {
    if (installation === undefined || !BLOCKED.has(code)) return false
    const key = JSON.stringify([installation, code, details['rule']])
    const at = performance.now()
    if (at - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < TOLD_MS) return true
    toldAt.set(key, at)
    return false
  }
  /** Foreign clients show messages, and hardly ever the text of a stream error. */
  const goodbye = (session: Session, code: ErrorCode, details: VerdictDetails) => {
    const { text, details: elements } = refusal(code, details, session.connection?.language)
    if (!isOwnClient(session.client) && !wasTold(session, code, details)) {
      headline(session, SUBJECTS[code] ?? STATE.disconnected, translated(code, details), ...elements)
    }
    const condition = code in SESSION_END ? SESSION_END[code as SessionEndCode] : ('policy-violation' as const)
    return [condition, text, ...elements] as const
  }
  const expel: Admission['expel'] = (session, code, details) => {
    if (session.installation !== undefined && BLOCKED.has(code)) {
      const again = refusal(code, details, session.connection?.language)
      turnedAway.note(session.installation, policy().gate.epoch, again)
    }
    session.end(...goodbye(session, code, details))
  }
  /** Who was there before a suspension comes back to where it was (control §4.8). */
  const sendAway: Admission['expel'] = (session, code, details) =>
    session.connection ? session.sendAway(...goodbye(session, code, details)) : session.keep()
  /** Whoever has messages that still wait is not told that everything works. */
  const allClear = async (session: Session, elements: Element, isLast: () => boolean) => {
    const count = await countHeld(session.account.bareJid).catch(() => undefined)
    // Meanwhile something else may have been suspended, and was told of.
    if (isLast()) headline(session, STATE.normal, count === 0 ? STATE.asUsual : STATE.waiting(count), elements)
  }
  const settle = (session: Session, isIdentityPending: boolean): boolean => {
    const { gate } = policy()
    const { account, client } = session
    const address = session.remoteAddress
    const facts = { at: now().getTime(), account, client, entrance: entranceOf(session), address, isIdentityPending }
    const verdict = ask(gate, 'session.open', facts)
    if (verdict.action === 'pass') return true
    refused?.(session)
    if (verdict.action === 'refuse') expel(session, verdict.code, verdict.details)
    else expel(session, 'internal', {})
    return false
  }
  const liveSession = (session: Session): LiveSession => ({
    id: session.jid.toString(),
    jid: session.jid.toString(),
    state: session.connection ? 'connected' : 'waiting',
    account: session.account,
    client: session.client,
    entrance: entranceOf(session),
    remoteAddress: session.remoteAddress,
    signedInAt: session.signedInAt,
    isBot: isBot(session),
    clientWithout: (isGone) => session.clientWithout(isGone),
    closeWith(code, details) {
      if (code === 'suspended') return sendAway(session, code, details)
      if (BLOCKED.has(code)) withdraw(session)
      return expel(session, code, details)
    },
    withhold: (formats, hidden) => session.withhold(formats, hidden),
    notify(notice) {
      if (notice.kind === 'client') {
        const elements = blockedElements(notice.code, notice.details)
        return headline(session, STATE.update, translated(notice.code, notice.details), ...elements)
      }
      if (notice.kind === 'purge') {
        // Foreign clients would show it as a message; what they have cached is theirs.
        if (isOwnClient(session.client)) session.send(purgeNotice(domain, session.jid))
        return undefined
      }
      const told = notice.suspensions
      const elements = buildSuspensions(noticesFrom(told))
      session.notes.set(TOLD, told)
      if (told.length === 0 && !isOwnClient(session.client)) {
        return void allClear(session, elements, () => !session.isEnded && session.notes.get(TOLD) === told)
      }
      const body = told.length === 0 ? STATE.asUsual : inEveryLanguage((language) => suspensionsText(told, language))
      headline(session, told.length === 0 ? STATE.normal : STATE.changed, body, elements)
    },
  })
  return {
    refusalBeforeSignIn(remoteAddress, language) {
      const isPriority = () => isInZone(remoteAddress)
      const cut = policy().gate.settings.suspensions.find((suspension) => keepsOut(suspension, remoteAddress))
      if (cut) return isPriority() ? undefined : refusal('suspended', { suspension: cut.id }, language)
      const retryMs = pacing.refuse(isPriority)
      return retryMs === undefined ? undefined : { text: said('come-again', language), details: retry(retryMs) }
    },
    refusal,
    expel,
    dismiss: (session, why) =>
      session.end(SESSION_END[why], isErrorCode(why) ? said(why, session.connection?.language) : undefined),
    liveSession,
    capsAnnounced(session, node) {
      const claim = claimFromCaps(node)
      if (claim) this.claimed(session, claim)
    },
    claimed(session, claim) {
      session.learn(claim)
      // While it waits in limbo, `admit` asks as soon as everything that can be known is known.
      if (session.isLimbo) return
      if (!policy().gate.asksForClient) return settled?.(session)
      // Before its first presence it is still on its way in; later it is a live session, and the ladder decides.
      if (session.presence === undefined && !settle(session, false)) return
      settled?.(session)
      policy().greet(liveSession(session))
    },
    corroborated(session) {
      const isIn = !session.isLimbo
      this.reviewed(session)
      if (isIn) policy().greet(liveSession(session))
    },
    reviewed(session) {
      // In limbo, `admit` goes on.
      if (session.isLimbo) shown.get(session)?.()
      else settled?.(session)
    },
    async admit(session) {
      const isPending = session.client.tier === 'E0' || isWaitingForCaps(session)
      if (!settle(session, isPending)) return
      if (isPending) {
        // Only where rules depend on it does anybody have to wait for an answer.
        const mustWait = policy().gate.asksForClient
        if (mustWait) session.enterLimbo()
        if (session.client.tier === 'E0') {
          const reply = await session.query(xml('query', { xmlns: 'jabber:iq:version' }), domain)
          const claim = versionClaim(reply)
          if (claim && !session.isEnded) session.learn(claim)
        }
        if (mustWait && !session.isEnded && isWaitingForCaps(session)) await moreEvidence(session)
        if (session.isEnded || !settle(session, false)) return
        if (mustWait) session.leaveLimbo()
      }
      settled?.(session)
      policy().greet(liveSession(session))
    },
  }
}

/** As its client says when it is asked what it is (XEP-0030 §3.1). */
function isBot({ notes }: Session): boolean {
  const identity = notes.get('disco.identity') as SettingIdentity | undefined
  return identity?.category === 'client' && identity.type === 'bot'
}

/** Under this name a session keeps what its client was last told of suspensions. */
const TOLD = 'suspensions.told'

/** A sentence of the error table, as it stands there. */
function said(code: ErrorCode, tag: string | undefined): Said {
  const language = statusLanguageOf(tag)
  return { text: CODES[code].text[language], language }
}

/** Whether nobody at all from this address may sign in: where somebody is exempt, it has to be seen who it is. */
function keepsOut(suspension: SuspensionSetting, address: string): boolean {
  if (suspension.mode !== 'cut' || !isInForce(suspension) || hasExemptions(suspension)) return false
  return suspension.scopes.some(
    (scope) => scope === 'service' || (scope.startsWith('zone:') && isInScope(scope, { address })),
  )
}

/** What a client says about itself when asked (XEP-0092). */
function versionClaim(reply: Element | undefined): Claim | undefined {
  const query = reply?.attrs['type'] === 'result' ? reply.getChild('query', 'jabber:iq:version') : undefined
  const name = query?.getChildText('name')
  if (!query || !name) return undefined
  const version = query.getChildText('version') || undefined
  const os = query.getChildText('os') || undefined
  return claimFrom({ source: 'version-reply', name, version, os })
}

/** The entrance a connection came in by, or the last one of a session. */
export function entranceOf({ framing }: Pick<Connection, 'framing'>): 'websocket' | 'tcp' {
  return framing === 'ws' ? 'websocket' : 'tcp'
}
