import {
  buildDelay,
  errorReply,
  hasHint,
  isDurable,
  listReferences,
  parseJid,
  removeHints,
  StanzaFault,
  stanzaFrom,
  xml,
} from '@drawbridge/xmpp'
import type { Element, IqStanza, MessageStanza, PresenceStanza, Stanza } from '@drawbridge/xmpp'
import { isClientIdKept, uuidv7 } from '@drawbridge/db'
import type { CommitOutcome, ReleasedMessage } from '@drawbridge/db'
import { CODES, Refusal } from '@drawbridge/contract'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { PASS } from '@drawbridge/policy'
import type { StanzaFacts, Verdict } from '@drawbridge/policy'
import { hash } from 'node:crypto'
import { ask } from '../policy/gate.ts'
import type { Session } from '../stream/session.ts'
import { countMessage, observeCommit } from './events.ts'
import { Outgoing } from './outgoing.ts'
import { isPresentTo, planDelivery, withStanzaId } from './deliver.ts'
import { describe } from './description.ts'
import { RELAYED } from './feature.ts'
import type { ComponentLink } from './components.ts'
import type { Context, Draft, Origin, PresenceReach } from './feature.ts'
import type { Registry } from './registry.ts'
import { filterMessages, isFiltered } from './filter-stored.ts'
import { isTextSearch, sharedMedia } from './shared-media.ts'
import { isWordy, publicationFacts, removeWords } from './publication-facts.ts'
import { parseStored } from './parse-stored.ts'

/** How often a message is decided anew when the policy changes under it. */
const EPOCH_RETRIES = 5

// Made once, not for each message.
const COMMITTED = { outcome: 'committed' } as const
const DUPLICATE = { outcome: 'duplicate' } as const
const HELD = { outcome: 'held' } as const
const DISCARDED = { outcome: 'discarded' } as const
const TRANSIENT = { outcome: 'transient' } as const

/** XEP-0308 §5, XEP-0424 §6: "MUST only be processed when" author and author are the same (threats SP-09). */
const REFUSED_REFERENCE = {
  'not-the-author': new StanzaFault({ condition: 'forbidden', text: 'Only its author may change a message.' }),
  'is-retracted': new StanzaFault({ condition: 'item-not-found', text: 'The message was retracted.' }),
} as const

export interface Routing {
  readonly registry: Registry
  readonly ctx: Context
}

/**
 * Takes one stanza from anywhere to everywhere it must go. The only way in. Never rejects: what goes wrong is answered
 * to the sender, or logged when the stanza is one that must not be answered.
 *
 * @param sender - the session it came from; absent when the server itself speaks.
 * @param n - its number in the sender's stream (XEP-0198 §4).
 */
export async function route(routing: Routing, stanza: Stanza, sender: Session | undefined, n = 0): Promise<void> {
  const { ctx, registry } = routing
  try {
    if (stanza.kind === 'message') return await routeMessage(routing, stanza, sender, n)
    let verdict = verdictOn(routing, stanza, sender)
    if (verdict.action === 'discard' && stanza.kind === 'presence' && mayGoWithoutWords(routing, stanza, sender)) {
      removeWords(stanza.element)
      verdict = PASS
    }
    throwIfRefused(verdict)
    if (stanza.kind === 'iq') return await routeIq(routing, stanza, sender)
    const service = serviceAt(routing, stanza)
    if (service && sender) {
      if (verdict.action !== 'discard') await service.presence(stanza, sender, ctx)
    } else if (sender) await registry.presence(stanza, sender, ctx, reachOf(routing, stanza, sender, verdict))
    else deliverPresence(ctx, stanza)
  } catch (error) {
    if (stanza.kind === 'message') countFault(error)
    const reply = errorReply(stanza.element, faultFrom(error, ctx))
    if (reply && sender) sender.send(reply)
  }
}

/**
 * The same for what a component sends (XEP-0114): cleaned and judged like everybody's, answered over its link. It can
 * reach accounts and services, and look around; what only clients may ask the server is not answered.
 */
export async function routeFromComponent(routing: Routing, stanza: Stanza, link: ComponentLink): Promise<void> {
  const { ctx } = routing
  try {
    await enter(routing, stanza, undefined)
    if (stanza.kind === 'message') return await routeMessage(routing, stanza, undefined, 0, 'component')
    throwIfRefused(verdictOn(routing, stanza, undefined, 'component'))
    if (stanza.kind === 'presence') return deliverPresence(ctx, stanza)
    const isAnswer = stanza.type === 'result' || stanza.type === 'error'
    if (isAnswer || serviceAt(routing, stanza) || stanza.to?.isFull) return await routeIq(routing, stanza, undefined)
    link.send(iqResult(stanza, answerComponent(routing, stanza)))
  } catch (error) {
    if (stanza.kind === 'message') countFault(error)
    const reply = errorReply(stanza.element, faultFrom(error, ctx))
    if (reply) link.send(reply)
  }
}

/** What a component may ask the server itself: what it can do, and whether it is there. Nothing of anybody's account. */
function answerComponent({ registry, ctx }: Routing, { type, to, element }: IqStanza): Element | undefined {
  const [payload] = element.getChildElements()
  const isServer = to?.toString() === ctx.domain && type === 'get'
  const route = isServer && payload && registry.findIq(type, 'server', payload.getNS() ?? '', payload.name)
  if (!route || !route.answerComponent) throw new StanzaFault({ condition: 'service-unavailable' })
  return route.answerComponent(payload, ctx)
}

/** Cleans what must be clean before anything else looks at it; nothing to wait for is the common case. */
export function enter(
  { registry, ctx }: Routing,
  stanza: Stanza,
  session: Session | undefined,
): Promise<void> | undefined {
  const refused = (error: unknown) => {
    if (stanza.kind === 'message') countFault(error)
    return Promise.reject(faultFrom(error, ctx))
  }
  let waiting: Promise<void> | undefined
  for (const clean of registry.enter) {
    try {
      const before = waiting
      const step = before ? before.then(() => clean(stanza, session, ctx)) : clean(stanza, session, ctx)
      if (step) waiting = step
    } catch (error) {
      return refused(error)
    }
  }
  return waiting?.catch(refused)
}

// --- messages -------------------------------------------------------------------------------------------------------------

async function routeMessage(
  routing: Routing,
  stanza: MessageStanza,
  sender: Session | undefined,
  n: number,
  origin: Origin = sender ? 'client' : 'server',
): Promise<void> {
  const { registry, ctx } = routing
  for (let attempt = 0; attempt < EPOCH_RETRIES; attempt++) {
    // While the rules change, everybody waits: else a message could overtake one that was decided just before.
    if (ctx.gate.isChanging) await ctx.gate.whenOpen()
    // The epoch is read before the verdict: a change in between makes the commit fail, and the message is decided anew.
    const { epoch, term } = ctx.gate
    const facts = factsOf(routing, stanza, sender, origin)
    const verdict = facts ? ask(ctx.gate, 'stanza.route', facts) : PASS
    if (verdict.action === 'discard') return countMessage(DISCARDED)
    throwIfRefused(verdict)
    const heldBy = verdict.action === 'hold' ? verdict.suspensionId : undefined
    const draft = newDraft(ctx, { stanza, sender, origin, facts, heldBy })
    if (!serviceAt(routing, stanza)) refuseUndeliverable(ctx, stanza)
    for (const stage of registry.beforeCommit) stage.run(draft, ctx)
    if (!draft.durable && (await isVersionOfKept(draft, ctx))) {
      // Decided anew, as what it is: part of the record.
      removeHints(stanza.element, 'no-store', 'no-permanent-store')
      continue
    }
    const outcome = await commit(ctx, draft, epoch, n)
    if (outcome.status === 'stale-epoch') {
      await ctx.gate.reach(outcome.epoch)
      continue
    }
    if (outcome.status === 'duplicate') return countMessage(DUPLICATE)
    if (outcome.status === 'refused') throw REFUSED_REFERENCE[outcome.reason]
    countMessage(draft.archives.length === 0 ? TRANSIENT : draft.heldBy === undefined ? COMMITTED : HELD)
    // This process was paused past its lease, and the rules changed: what is stored stays stored, but is not sent late.
    const isLate = ctx.gate.term !== term && verdict.action === 'pass'
    if (isLate && verdictOn(routing, stanza, sender, origin).action !== 'pass') return
    for (const stage of registry.afterCommit) {
      try {
        stage.run(draft, ctx)
      } catch (error) {
        ctx.log.error('a stage failed after the commit', { stage: stage.feature, error: String(error) })
      }
    }
    return
  }
  throw new Refusal('policy-stale')
}

/** What cannot go anywhere goes back at once, and leaves no trace (RFC 6121 §8.5). */
function refuseUndeliverable(ctx: Context, stanza: MessageStanza): void {
  const account = stanza.to && ctx.accounts.findByBareJid(stanza.to.bareString)
  if (stanza.to && stanza.to.domainpart !== ctx.domain) throw new StanzaFault({ condition: 'remote-server-not-found' })
  const plan = planDelivery(stanza, account?.isDisabled ? undefined : account, ctx.sessions)
  if (plan.to === 'sender') throw new StanzaFault({ condition: plan.condition })
}

function serviceAt({ registry, ctx }: Routing, { to }: Stanza) {
  return to && registry.findService(to.domainpart, ctx)
}

function newDraft(ctx: Context, given: Pick<Draft, 'stanza' | 'sender' | 'origin' | 'facts' | 'heldBy'>): Draft {
  const { stanza } = given
  return {
    ...given,
    id: uuidv7(),
    sentAt: ctx.now(),
    durable: isDurable(stanza.element),
    sizeBytes: 0,
    archives: [],
    outbox: [],
    deliveredTo: new Set(),
    positions: new Map(),
  }
}

/**
 * A correction of a message that was kept is kept, whatever its sender asks for: else archives would go on to say what it
 * says no more, and nobody would have looked whether it is its author who says so (threats SP-09). XEP-0334 §4: a hint is
 * a wish. What was not kept is corrected without a trace, too.
 */
async function isVersionOfKept({ stanza }: Draft, { db }: Context): Promise<boolean> {
  const { element } = stanza
  if (!hasHint(element, 'no-store') && !hasHint(element, 'no-permanent-store')) return false
  const correction = listReferences(element).find(({ kind }) => kind === 'correction')
  return correction !== undefined && isClientIdKept(db, conversationOf(stanza), correction.id)
}

/** The commit: the only wait on a message's way. A message without rows has nothing to wait for. */
async function commit(ctx: Context, draft: Draft, epoch: number, n: number): Promise<CommitOutcome> {
  const { stanza, sender } = draft
  if (draft.archives.length === 0) return { status: 'committed', id: draft.id, positions: draft.positions }
  const sent = draft.archives.filter(({ direction }) => direction === 'out')
  const received = draft.archives.filter(({ direction }) => direction === 'in')
  const stream = sender?.resumeId === undefined ? undefined : { id: sender.resumeId, n, prefixWith: sender.prefixWith }
  const startedAt = performance.now()
  const text = stanza.element.toString()
  draft.sizeBytes = text.length
  const outcome = await ctx.writer.commit({
    id: draft.id,
    shard: conversationOf(stanza),
    stanza: text,
    filterVersion: FILTER_VERSION,
    sentAt: draft.sentAt,
    policyEpoch: epoch,
    archives: draft.heldBy === undefined ? draft.archives : sent,
    ...(draft.heldBy === undefined
      ? {}
      : { held: { suspensionId: draft.heldBy, recipients: received, facts: draft.facts } }),
    ...(draft.outbox.length === 0 ? {} : { outbox: draft.outbox }),
    ...(stream === undefined ? {} : { stream }),
    ...describe(draft, ctx),
    ...dedupOf(draft),
  })
  observeCommit((performance.now() - startedAt) / 1_000)
  if (outcome.status === 'committed') draft.positions = outcome.positions
  if (outcome.status !== 'stale-epoch' && outcome.persistedH !== undefined) sender?.handledIsDurable(outcome.persistedH)
  return outcome
}

/** Both directions of a conversation share one writer, so that its order is one order. */
function conversationOf({ from, to }: MessageStanza): string {
  return [from.bareString, to?.bareString ?? ''].sort().join(' ')
}

/** A client that sends again after a crash gives the same origin-id; other content under it is another message. */
function dedupOf({ stanza, sender }: Draft) {
  const originId = stanza.element.getChild('origin-id', 'urn:xmpp:sid:0')?.attrs['id']
  if (originId === undefined || !sender) return {}
  let payload = ''
  for (const child of stanza.element.children) {
    // A resumed client stamps what it repeats (XEP-0203).
    if (typeof child === 'string' || child.name !== 'delay') payload += child.toString()
  }
  const target = stanza.to?.bareString ?? ''
  // The account, not the nick that a room has put in its place: that may be somebody else's tomorrow.
  return { dedup: { sender: sender.account.bareJid, target, originId, hash: hash('sha256', payload, 'buffer') } }
}

/**
 * Delivers what a suspension had held back, now that it is in its recipients' archives, in this order. The stamp is the
 * time at which it was accepted (XEP-0203). At once, unless an older image filter had let some of them in.
 */
export function deliverReleased(routing: Routing, messages: readonly ReleasedMessage[]): Promise<void> | void {
  if (messages.every(isFiltered)) return handOver(routing, messages)
  return filterMessages(messages, routing.ctx).then(
    (filtered) => handOver(routing, filtered),
    (error: unknown) => routing.ctx.log.error('released messages stay in the archive', { error: String(error) }),
  )
}

function handOver(routing: Routing, messages: readonly ReleasedMessage[]): void {
  const { ctx, registry } = routing
  const released = messages.flatMap(({ id, stanza: text, sentAt, archives, retraction }) => {
    if (retraction) return []
    const element = parseStored(text)
    const stanza = stanzaFrom(element, { from: parseJid(element.attrs['from'] ?? '') })
    return stanza.kind === 'message' ? [{ id, stanza, sentAt, archives }] : []
  })
  for (const feature of registry.features) {
    try {
      feature.released?.(released, ctx)
    } catch (error) {
      ctx.log.error('a feature failed after a release', { feature: feature.name, error: String(error) })
    }
  }
  for (const { id, stanza, sentAt, archives } of released) {
    const { element } = stanza
    element.append(buildDelay({ stamp: sentAt, from: ctx.domain }))
    const service = serviceAt(routing, stanza)
    if (service) {
      const positions = new Map(archives.map(({ owner, position }) => [owner, position]))
      service.deliver({ stanza, sender: undefined, id, sentAt, positions }, ctx)
      continue
    }
    for (const { owner, position } of archives) {
      const plan = planDelivery(stanza, ctx.accounts.findByBareJid(owner), ctx.sessions)
      if (plan.to !== 'sessions') continue
      const outgoing = new Outgoing(withStanzaId(element, owner, id), { owner, position })
      for (const session of plan.sessions) session.send(outgoing)
    }
  }
}

// --- iq -----------------------------------------------------------------------------------------------------------------------

async function routeIq(routing: Routing, stanza: IqStanza, sender: Session | undefined): Promise<void> {
  const { registry, ctx } = routing
  const { type, to, from } = stanza
  const service = serviceAt(routing, stanza)
  if (service) {
    const result = await service.iq(stanza, sender, ctx)
    if (result !== RELAYED && (type === 'get' || type === 'set')) sender?.send(iqResult(stanza, result))
    return
  }
  if (to && to.domainpart !== ctx.domain) throw new StanzaFault({ condition: 'remote-server-not-found' })
  const payload = stanza.element.getChildElements()[0]
  const inItsPlace =
    to?.isFull && sender && payload && (type === 'get' || type === 'set')
      ? registry.findIq(type, 'client', payload.getNS() ?? '', payload.name)
      : undefined
  if (to?.isFull && to.localpart !== undefined && !inItsPlace) {
    const target = ctx.sessions.find(to)
    const isAnswer = type === 'result' || type === 'error'
    // What the server asks in somebody's name was allowed where it was decided to ask.
    if (target && (isAnswer || !sender || isPresentTo(target, from, ctx.rosters))) return target.send(stanza.element)
    throw new StanzaFault({ condition: 'service-unavailable' })
  }
  // A reply that nobody waits for: to the server, or to an account (RFC 6120 §8.2.3).
  if (type === 'result' || type === 'error' || !sender) return
  if (!payload) throw new StanzaFault({ condition: 'bad-request' })
  const isServer = to !== undefined && to.localpart === undefined
  const owner = to ?? from.bare
  const isOwn = !isServer && owner.bareString === from.bareString
  const asked = isServer ? 'server' : isOwn ? 'own' : 'account'
  const handler = inItsPlace ?? registry.findIq(type, asked, payload.getNS() ?? '', payload.name)
  if (!handler) throw new StanzaFault({ condition: 'service-unavailable' })
  const result = await handler.handle(payload, { stanza, session: sender, isOwn, to: owner.bare }, ctx)
  sender.send(iqResult(stanza, result))
}

/** The result of an iq; its `from` is the address that was asked (RFC 6120 §8.1.2.1). */
export function iqResult(stanza: IqStanza, payload: Element | undefined): Element {
  const { to } = stanza.element.attrs
  return xml(
    'iq',
    {
      xmlns: 'jabber:client',
      type: 'result',
      id: stanza.id,
      to: stanza.from.toString(),
      ...(to === undefined ? {} : { from: to }),
    },
    payload,
  )
}

// --- policy and errors ----------------------------------------------------------------------------------------------------------

const FULL_REACH: PresenceReach = { isShown: true, seesOthers: true }

/** Whether it is only what somebody writes into a presence that others are not to see. */
function mayGoWithoutWords(routing: Routing, stanza: PresenceStanza, sender: Session | undefined): boolean {
  const facts = isWordy(stanza.element) ? factsOf(routing, stanza, sender) : undefined
  return facts !== undefined && ask(routing.ctx.gate, 'stanza.route', { ...facts, hasBody: false }).action === 'pass'
}

/** Who is not to be seen may still look around: that is asked about as the probe that it is (RFC 6121 §4.3). */
function reachOf(routing: Routing, stanza: PresenceStanza, sender: Session, { action }: Verdict): PresenceReach {
  if (action === 'pass') return FULL_REACH
  const facts = factsOf(routing, stanza, sender)
  const look = facts ? ask(routing.ctx.gate, 'stanza.route', { ...facts, type: 'probe' }) : PASS
  return { isShown: false, seesOthers: look.action === 'pass' }
}

function deliverPresence(ctx: Context, stanza: PresenceStanza): void {
  const { to } = stanza
  if (!to) return
  for (const session of to.isFull ? [ctx.sessions.find(to)] : ctx.sessions.of(to.bareString))
    session?.send(stanza.element)
}

function verdictOn(routing: Routing, stanza: Stanza, sender: Session | undefined, speaker?: Origin): Verdict {
  const facts = factsOf(routing, stanza, sender, speaker)
  return facts ? ask(routing.ctx.gate, 'stanza.route', facts) : PASS
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
    isDurable: isMessage && isDurable(element),
    hasBody: isMessage ? element.getChild('body') !== undefined : kind === 'presence' && isWordy(element),
    namespaces,
    ...(isMessage ? sharedMedia(element) : undefined),
    ...(published && { ...published, namespaces: [...namespaces, ...published.namespaces] }),
    ...(isRenamed ? { isPublication: true } : {}),
    ...(room === undefined ? {} : { room }),
    ...(kind === 'iq' && isTextSearch(element) ? { isSearch: true } : {}),
  }
}

function targetOf({ from, to }: Stanza, { domain, components }: Context): 'server' | 'self' | 'local' | 'remote' {
  if (!to || to.bareString === from.bareString) return 'self'
  // A service of ours is as local as an account, and so is a component, whatever domain it was given.
  const isHere = to.domainpart.endsWith(`.${domain}`) || components.find(to.domainpart) !== undefined
  if (to.domainpart !== domain) return isHere ? 'local' : 'remote'
  return to.localpart === undefined ? 'server' : 'local'
}

function throwIfRefused(verdict: Verdict): void {
  if (verdict.action === 'refuse') throw new Refusal(verdict.code, { details: verdict.details, cause: verdict.reason })
}

function countFault(error: unknown): void {
  const isRefused = error instanceof StanzaFault || error instanceof Refusal
  countMessage({ outcome: isRefused ? 'refused' : 'failed' })
}

/** What the sender hears. A `Refusal` has its row in the error table; anything unknown is our bug and stays inside. */
export function faultFrom(error: unknown, ctx: Pick<Context, 'log'>): StanzaFault {
  if (error instanceof StanzaFault) return error
  if (error instanceof Refusal) {
    const { type, condition, text } = CODES[error.code]
    return new StanzaFault({ type, condition, text: text.en })
  }
  const id = uuidv7()
  ctx.log.error('a stanza failed', {
    id,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return new StanzaFault({ condition: 'internal-server-error', text: `Something went wrong on our side (${id}).` })
}
