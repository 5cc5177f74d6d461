import type { Element } from '@drawbridge/xmpp'
import { StanzaFault } from '@drawbridge/xmpp'
import { RELAYED } from './feature.ts'
import type { Service } from './feature.ts'

/** A component that is connected: it takes stanzas as they are (XEP-0114). */
export interface ComponentLink {
  send(element: Element): void
}

/** External components by the label of their domain, connected or not. Which there may be is configured. */
export interface Components {
  readonly labels: readonly string[]
  find(label: string): Service | undefined
  /** False when the component is connected already: the one that is there stays. */
  attach(label: string, link: ComponentLink): boolean
  detach(label: string, link: ComponentLink): void
}

/** A directory of components, none of them connected yet. */
export function createComponents(labels: readonly string[]): Components {
  const links = new Map<string, ComponentLink>()
  const services = new Map(labels.map((label) => [label, serviceOf(label, () => links.get(label))]))
  return {
    labels,
    find: (label) => services.get(label),
    attach(label, link) {
      if (links.has(label)) return false
      links.set(label, link)
      return true
    },
    detach(label, link) {
      if (links.get(label) === link) links.delete(label)
    },
  }
}

/** The domain of a component, as the router sees it: everything that is addressed there goes there. */
function serviceOf(label: string, find: () => ComponentLink | undefined): Service {
  const linked = () => {
    const link = find()
    if (link) return link
    throw new StanzaFault({ condition: 'remote-server-timeout', text: `${label} is not connected at the moment.` })
  }
  return {
    label,
    name: label,
    presence: ({ element }) => linked().send(element),
    iq({ element }) {
      linked().send(element)
      return RELAYED
    },
    // Refused before it is recorded: what cannot be handed over now would be handed over by nobody later.
    message: () => void linked(),
    deliver: ({ stanza }) => find()?.send(stanza.element),
  }
}
