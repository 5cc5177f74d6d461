/** Where xmpp.js is reached into: what it leaves open is done here, by a few functions that connections share. */
import { client, xml, type XmppClient } from '@xmpp/client'
import { NS_BIND, NS_SASL, NS_SASL2, NS_SM } from '@drawbridge/xmpp'
import type { Element } from './element.ts'

type Children = (Element | string)[]

/** A client of xmpp.js that does nothing by itself after the link is lost. */
export function createEntity(options: Parameters<typeof client>[0]): XmppClient {
  const entity = client(options)
  entity.reconnect.stop()
  return entity
}

/** Lets `inspect` see each element before xmpp.js does; false keeps it from xmpp.js. */
export function interceptInput(entity: XmppClient, inspect: (element: Element) => boolean): void {
  const next = entity._onElement.bind(entity)
  entity._onElement = (element) => {
    if (inspect(element)) next(element)
  }
}

/**
 * Puts who we are into the request to bind or to resume: classic SASL has no other place for it before the session exists.
 * Everything else goes out at once.
 */
export function announceClient(entity: XmppClient, clientElement: () => Promise<Element>): void {
  const next = entity.send.bind(entity)
  entity.send = async (element) => {
    const bind = element.name === 'iq' ? element.getChild('bind', NS_BIND) : undefined
    const request = element.is('resume', NS_SM) ? element : bind
    if (request) (request.children as Children).push(await clientElement())
    return next(element)
  }
}

/** Passwords are shown by classic SASL only. */
export function hideSasl2(features: Element): void {
  remove(features, features.getChild('authentication', NS_SASL2))
}

/**
 * Tokens are shown by SASL2 only (XEP-0484). Binding and resuming are left to their own requests, which say who this client
 * is; so what comes after signing in is the same either way.
 */
export function keepOnlySasl2(features: Element): void {
  const inline = features.getChild('authentication', NS_SASL2)?.getChild('inline', NS_SASL2)
  for (const feature of inline?.getChildElements() ?? []) if (feature.name !== 'fast') remove(inline, feature)
  remove(features, features.getChild('mechanisms', NS_SASL))
}

/** What an installation says of itself while it signs in with a token (XEP-0388 §2.3). */
export function buildUserAgent(id: string, software: string): Element {
  return xml('user-agent', { id }, xml('software', {}, software))
}

function remove(parent: Element | undefined, child: Element | undefined): void {
  const children = parent?.children as Children | undefined
  if (child) children?.splice(children.indexOf(child), 1)
}
