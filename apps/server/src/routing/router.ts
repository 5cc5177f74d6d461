import { PASS } from '@drawbridge/policy'
import { errorReply, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, IqStanza, PresenceStanza, Stanza } from '@drawbridge/xmpp'
import type { Session } from '../stream/session.ts'
import type { ComponentLink } from './components.ts'
import { isPresentTo } from './deliver.ts'
import { countFault, faultFrom, throwIfRefused } from './faults.ts'
import { RELAYED } from './feature.ts'
import type { Context } from './feature.ts'
import { judge, losesWords, reachOf } from './judge.ts'
import { routeMessage } from './message.ts'
import { serviceAt } from './registry.ts'
import type { Routing } from './registry.ts'

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
    let { verdict } = judge(routing, stanza, sender)
    if (verdict.action === 'discard' && stanza.kind === 'presence' && losesWords(routing, stanza, sender))
      verdict = PASS
    throwIfRefused(verdict)
    if (stanza.kind === 'presence' && verdict.action === 'pass') ctx.knownCaps.learn(stanza.element)
    // Presence that is not to be seen still counts, unless it is an error.
    if (verdict.action === 'discard' && (stanza.kind === 'iq' || stanza.type === 'error')) return
    if (stanza.kind === 'iq') return await routeIq(routing, stanza, sender)
    const service = serviceAt(routing, stanza)
    if (service && sender) {
      if (verdict.action !== 'discard') await service.presence(stanza, sender, ctx)
    } else if (sender) await registry.presence(stanza, sender, ctx, reachOf(routing, stanza, sender, verdict))
    else deliverPresence(ctx, stanza)
  } catch (error) {
    if (stanza.kind === 'message') countFault(error)
    const reply = errorReply(stanza.element, faultFrom(error, ctx, stanza.element.attrs['xml:lang']))
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
    throwIfRefused(judge(routing, stanza, undefined, 'component').verdict)
    if (stanza.kind === 'presence') return deliverPresence(ctx, stanza)
    const isAnswer = stanza.type === 'result' || stanza.type === 'error'
    if (isAnswer || serviceAt(routing, stanza) || stanza.to?.isFull) return await routeIq(routing, stanza, undefined)
    link.send(iqResult(stanza, answerComponent(routing, stanza)))
  } catch (error) {
    if (stanza.kind === 'message') countFault(error)
    const reply = errorReply(stanza.element, faultFrom(error, ctx, stanza.element.attrs['xml:lang']))
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
    return Promise.reject(faultFrom(error, ctx, stanza.element.attrs['xml:lang']))
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
    if (target && (isAnswer || !sender || isPresentTo(target, from, ctx.rosters))) {
      const { id } = stanza
      if (sender && isAnswer) ctx.relay.take(sender, to.toString(), id)
      else if (sender) {
        const as = { from: from.toString(), id }
        ctx.relay.expect({ asker: sender, id, asked: to.toString(), answerer: target, as })
      }
      target.send(stanza.element)
      if (sender) for (const seen of registry.relayed) seen(stanza, ctx)
      return
    }
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
function iqResult(stanza: IqStanza, payload: Element | undefined): Element {
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

function deliverPresence(ctx: Context, stanza: PresenceStanza): void {
  const { to } = stanza
  if (!to) return
  for (const session of to.isFull ? [ctx.sessions.find(to)] : ctx.sessions.of(to.bareString))
    session?.send(stanza.element)
}
