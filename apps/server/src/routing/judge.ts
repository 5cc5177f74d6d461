import { PASS } from '@drawbridge/policy'
import type { StanzaFacts, Verdict } from '@drawbridge/policy'
import { isDurable } from '@drawbridge/xmpp'
import type { IqStanza, PresenceStanza, Stanza } from '@drawbridge/xmpp'
import { ask } from '../policy/gate.ts'
import type { Session } from '../stream/session.ts'
import type { Context, Origin, PresenceReach } from './feature.ts'
import { isWordy, publicationFacts, removeWords } from './publication-facts.ts'
import type { PresencePlace } from './publication-facts.ts'
import { serviceAt } from './registry.ts'
import type { Routing } from './registry.ts'
import { isTextSearch, sharedMedia } from './shared-media.ts'

export interface Judgment {
  readonly facts: StanzaFacts | undefined
  readonly verdict: Verdict
}

/** What the rules say about a stanza, and what they were asked; nothing is asked about what the server itself says. */
export function judge(routing: Routing, stanza: Stanza, sender: Session | undefined, origin?: Origin): Judgment {
  const facts = factsOf(routing, stanza, sender, origin)
  return { facts, verdict: facts ? ask(routing.ctx.gate, 'stanza.route', facts) : PASS }
}

const FULL_REACH: PresenceReach = { isShown: true, seesOthers: true }

/**
 * Where it is only what somebody writes into a presence that others are not to see, takes that out, and says so; the
 * presence may go then.
 */
export function losesWords(routing: Routing, stanza: PresenceStanza, sender: Session | undefined): boolean {
  const place = placeOf(routing, stanza)
  const facts = isWordy(stanza.element, place) ? factsOf(routing, stanza, sender) : undefined
  if (facts === undefined) return false
  if (ask(routing.ctx.gate, 'stanza.route', { ...facts, hasBody: false }).action !== 'pass') return false
  removeWords(stanza.element, place)
  return true
}

function placeOf(routing: Routing, stanza: Stanza): PresencePlace {
  const isToRoom = stanza.to?.localpart !== undefined && serviceAt(routing, stanza)?.isMember !== undefined
  return { isToRoom, isKnownCaps: (caps) => routing.ctx.knownCaps.has(caps) }
}

/** Who is not to be seen may still look around: that is asked about as the probe that it is (RFC 6121 §4.3). */
export function reachOf(routing: Routing, stanza: PresenceStanza, sender: Session, { action }: Verdict): PresenceReach {
  if (action === 'pass') return FULL_REACH
  const facts = factsOf(routing, stanza, sender)
  const look = facts ? ask(routing.ctx.gate, 'stanza.route', { ...facts, type: 'probe' }) : PASS
  return { isShown: false, seesOthers: look.action === 'pass' }
}

/** What the rules are asked about a stanza; nothing for what the server itself says: that was decided where it was. */
function factsOf(
  routing: Routing,
  stanza: Stanza,
  sender: Session | undefined,
  speaker: Origin = sender ? 'client' : 'server',
): StanzaFacts | undefined {
  if (speaker === 'server') return undefined
  const { ctx } = routing
  const { element, from, to, kind, type } = stanza
  const isMessage = kind === 'message'
  const service = to?.localpart === undefined ? undefined : serviceAt(routing, stanza)
  const room = service?.isMember ? to?.bareString : undefined
  const published = kind === 'iq' ? publicationFacts(element) : undefined
  const isRenamed = kind === 'presence' && sender !== undefined && service?.isRenaming?.(stanza, sender, ctx) === true
  const account = to && to.bareString !== from.bareString ? ctx.accounts.findByBareJid(to.bareString) : undefined
  const recipient = account && ctx.gate.recipientFactsOf(account)
  const isUnasked = kind === 'iq' && (type === 'result' || type === 'error') && !isAnswer(stanza, ctx)
  const namespaces = element.getChildElements().flatMap((child) => child.getNS() ?? [])
  return {
    at: ctx.now().getTime(),
    origin: 'local',
    account: sender?.account,
    client: sender?.client,
    address: sender?.remoteAddress,
    from: from.toString(),
    to: to?.toString() ?? from.bareString,
    kind,
    type,
    target: targetOf(stanza, ctx),
    ...(recipient && { recipient }),
    isDurable: isMessage && isDurable(element),
    hasBody: isMessage
      ? element.getChild('body') !== undefined
      : kind === 'presence' && isWordy(element, placeOf(routing, stanza)),
    namespaces,
    ...(isMessage ? sharedMedia(element) : undefined),
    ...(published && { ...published, namespaces: [...namespaces, ...published.namespaces] }),
    ...(isRenamed ? { isPublication: true } : {}),
    ...(isUnasked ? { isUnasked } : {}),
    ...(room === undefined ? {} : { room }),
    ...(kind === 'iq' && isTextSearch(element) ? { isSearch: true } : {}),
  }
}

/** To the server or a service of ours, everything may be one: they know what they have asked. */
function isAnswer({ from, to, id }: IqStanza, { domain, relay }: Context): boolean {
  if (to?.localpart === undefined || to.domainpart !== domain) return true
  return relay.isAwaited(from.toString(), to.toString(), id)
}

function targetOf({ from, to }: Stanza, { domain, components }: Context): 'server' | 'self' | 'local' | 'remote' {
  if (!to || to.bareString === from.bareString) return 'self'
  // A service of ours is as local as an account, and so is a component, whatever domain it was given.
  const isHere = to.domainpart.endsWith(`.${domain}`) || components.find(to.domainpart) !== undefined
  if (to.domainpart !== domain) return isHere ? 'local' : 'remote'
  return to.localpart === undefined ? 'server' : 'local'
}
