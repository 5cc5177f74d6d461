import type { Element } from '@drawbridge/xmpp'
import type { Device } from './story.ts'

// Requests of XEP-0060 as a client writes them.

const NS = 'http://jabber.org/protocol/pubsub'

export const pubsub = (content: string) => `<pubsub xmlns="${NS}">${content}</pubsub>`
export const owner = (content: string) => `<pubsub xmlns="${NS}#owner">${content}</pubsub>`

/** A form as it is submitted; the names of its fields without `pubsub#`. */
export function submit(formType: string, values: Readonly<Record<string, string | readonly string[]>>): string {
  const fields = Object.entries(values).map(([name, value]) => {
    const list = typeof value === 'string' ? [value] : value
    return `<field var="pubsub#${name}">${list.map((one) => `<value>${one}</value>`).join('')}</field>`
  })
  return (
    `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden"><value>${NS}#${formType}</value>` +
    `</field>${fields.join('')}</x>`
  )
}

type Values = Readonly<Record<string, string | readonly string[]>>

export const publishOptions = (values: Values) =>
  `<publish-options>${submit('publish-options', values)}</publish-options>`
export const configure = (node: string, values: Values) =>
  owner(`<configure node="${node}">${submit('node_config', values)}</configure>`)
export const create = (node: string, values: Values = {}) =>
  pubsub(`<create node="${node}"/><configure>${submit('node_config', values)}</configure>`)
export const publish = (node: string, payload: string, id = 'current', extra = '') =>
  pubsub(`<publish node="${node}"><item id="${id}">${payload}</item></publish>${extra}`)
export const retract = (node: string, id: string, notify = '') =>
  pubsub(`<retract node="${node}"${notify}><item id="${id}"/></retract>`)
export const items = (node: string) => pubsub(`<items node="${node}"/>`)
export const subscribe = (node: string, jid: string, extra = '') =>
  pubsub(`<subscribe node="${node}" jid="${jid}"/>${extra}`)
export const unsubscribe = (node: string, jid: string) => pubsub(`<unsubscribe node="${node}" jid="${jid}"/>`)
export const affiliate = (node: string, jid: string, affiliation: string) =>
  owner(`<affiliations node="${node}"><affiliation jid="${jid}" affiliation="${affiliation}"/></affiliations>`)

/** `ok` for a result; else the condition, and that of XEP-0060 after it, if there is one. */
export function outcomeOf(answer: Element): string {
  if (answer.attrs['type'] === 'result') return 'ok'
  const conditions = answer.getChild('error')?.getChildElements() ?? []
  return conditions
    .filter((element) => !element.is('text'))
    .map((element) => element.name)
    .join(' ')
}

const caps = (ver: string) =>
  `<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:test" ver="${ver}"/></presence>`

/** Makes a device available as a client that wants to hear of these nodes (XEP-0163 §4.2). */
export async function availableFor(device: Device, ...nodes: string[]): Promise<void> {
  await device.available(caps(nodes.join() || 'nothing'))
  const question = await device.next((element) => element.name === 'iq' && element.attrs['type'] === 'get')
  device.received()
  await device.send(
    `<iq type="result" to="im.test" id="${question.attrs['id']}"><query xmlns="http://jabber.org/protocol/disco#info">` +
      `${nodes.map((node) => `<feature var="${node}+notify"/>`).join('')}</query></iq>`,
  )
}

export const isEvent = (element: { readonly name: string }) => element.name === 'message'

/** Texts of the messages that have come since the last look. */
export const events = (device: Device) => device.received().filter((text) => text.startsWith('<message'))

/** `to` sees the presence of `from`. */
export async function befriend(to: Device, from: Device): Promise<void> {
  await to.send(`<presence type="subscribe" to="${from.session.jid.bareString}"/>`)
  await from.send(`<presence type="subscribed" to="${to.session.jid.bareString}"/>`)
}
