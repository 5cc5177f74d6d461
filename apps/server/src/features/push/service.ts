import { deletePushDevice, deletePushTargets, putPushDevice } from '@drawbridge/db'
import {
  buildDiscoInfo,
  buildDiscoItems,
  buildPushRegistered,
  buildPushService,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_DRAWBRIDGE_PUSH,
  NS_PUBSUB,
  NS_PUSH,
  parsePushRegistration,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { Element, IqStanza } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import { ask, refusalOf } from '../../policy/gate.ts'
import type { Context, Service } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { areUsableKeys } from '../../web-push/encryption.ts'

export const SERVICE_LABEL = 'push'

/** Devices one account may have registered; one more takes the place of the oldest. */
export const DEVICES_MAX = 20

const unavailable = () => new StanzaFault({ condition: 'service-unavailable' })

/**
 * Our own push service (XEP-0357 §3): a device registers with what its browser gave it (urn:drawbridge:push:1), and gets
 * a node that its account, and nobody else, can enable. Only this server publishes, and never by a stanza.
 */
export const pushService: Service = {
  label: SERVICE_LABEL,
  name: 'Push notifications',
  presence: () => undefined,
  iq: (stanza, sender, ctx) => {
    if (stanza.type === 'result' || stanza.type === 'error' || !sender) return undefined
    const payload = stanza.element.getChildElements()[0]
    const answer = ANSWERS[`${stanza.type} {${payload?.getNS() ?? ''}}${payload?.name ?? ''}`]
    if (!payload || !answer || stanza.to?.localpart !== undefined) throw unavailable()
    return answer({ payload, stanza, sender, ctx })
  },
  message: () => {
    throw unavailable()
  },
  deliver: () => undefined,
}

interface Request {
  readonly payload: Element
  readonly stanza: IqStanza
  readonly sender: Session
  readonly ctx: Context
}

const ANSWERS: Readonly<Record<string, (request: Request) => Promise<Element | undefined> | Element | undefined>> = {
  [`get {${NS_DISCO_INFO}}query`]: ({ payload }) => {
    if (payload.attrs['node'] !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
    const identities = [{ category: 'pubsub', type: 'push', name: 'Push notifications' }]
    const features = [NS_DISCO_INFO, NS_DISCO_ITEMS, NS_PUSH, NS_DRAWBRIDGE_PUSH]
    return buildDiscoInfo({ identities, features })
  },
  // XEP-0357 §3.1: who may see a node is a white list, and nobody is on it.
  [`get {${NS_DISCO_ITEMS}}query`]: ({ payload }) => buildDiscoItems([], payload.attrs['node']),
  [`get {${NS_DRAWBRIDGE_PUSH}}service`]: ({ ctx }) => buildPushService(ctx.webPush.publicKey),
  [`set {${NS_DRAWBRIDGE_PUSH}}register`]: register,
  [`set {${NS_DRAWBRIDGE_PUSH}}unregister`]: unregister,
  // XEP-0357 §3.2: publishing is for the user's server, which needs no stanza for it.
  [`set {${NS_PUBSUB}}pubsub`]: () => {
    throw new StanzaFault({ condition: 'forbidden' })
  },
}

/** Control §3.4: a client that is locked out gets no further way to hear of messages. Throws a Refusal. */
export function assertMayRegister({ account, client, remoteAddress: address }: Session, ctx: Context): void {
  const verdict = ask(ctx.gate, 'push.register', { at: ctx.now().getTime(), account, client, address })
  if (verdict.action !== 'pass') throw refusalOf(verdict)
}

async function register({ payload, sender, ctx }: Request): Promise<Element> {
  assertMayRegister(sender, ctx)
  const { endpoint, p256dh, auth } = parsePushRegistration(payload)
  const device = { endpoint, p256dh: Buffer.from(p256dh), auth: Buffer.from(auth) }
  if (!areUsableKeys(device)) throw new StanzaFault({ condition: 'bad-request', text: 'These keys cannot be used.' })
  if (!ctx.webPush.mayUse(endpoint)) {
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This server does not send to that push service.' })
  }
  const { id: accountId, bareJid } = sender.account
  const { node, gone } = await putPushDevice(
    ctx.db,
    {
      node: randomBytes(18).toString('base64url'),
      accountId,
      endpointHash: ctx.webPush.hashOf(endpoint),
      sealed: ctx.webPush.seal(device, accountId),
    },
    DEVICES_MAX,
  )
  if (gone.length > 0) await forget(ctx, bareJid, accountId, gone)
  return buildPushRegistered(node)
}

async function unregister({ payload, sender, ctx }: Request): Promise<undefined> {
  const { id, bareJid } = sender.account
  const { node = '' } = payload.attrs
  if (!(await deletePushDevice(ctx.db, id, node))) throw new StanzaFault({ condition: 'item-not-found' })
  await forget(ctx, bareJid, id, [node])
  return undefined
}

/** Nodes that are gone cannot be enabled either. */
async function forget(ctx: Context, owner: string, accountId: string, nodes: readonly string[]): Promise<void> {
  const service = `${SERVICE_LABEL}.${ctx.domain}`
  await deletePushTargets(ctx.db, accountId, service, nodes)
  ctx.pushTargets.remove(owner, (target) => target.service === service && nodes.includes(target.node))
}
