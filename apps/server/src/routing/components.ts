import type { Element } from '@drawbridge/xmpp'
import { StanzaFault } from '@drawbridge/xmpp'
import { RELAYED } from './feature.ts'
import type { Service } from './feature.ts'

/** A component that is connected: it takes stanzas as they are (XEP-0114). */
export interface ComponentLink {
  /** What is under way: its stanzas, and what the server has asked it; and bytes that it has not taken. */
  readonly waiting: { readonly stanzas: number; readonly questions: number; readonly bytes: number }
  send(element: Element): void
  /** Sends a request of `from`, made with the id it gets. Resolves with the answer, or with nothing if none comes. */
  ask(from: string, request: (id: string) => Element): Promise<Element | undefined>
}

/** External components by the label of their domain, connected or not. Which there may be is configured. */
export interface Components {
  readonly labels: readonly string[]
  /** Who answers at a domain, if that is a component's: its own, or one outside that the operator has given to it. */
  find(domainpart: string): Service | undefined
  /** Whether a component speaks for a domain. */
  has(label: string, domainpart: string): boolean
  /** See `ComponentLink.ask`; nothing as well where no component is connected. */
  ask(domainpart: string, ...request: Parameters<ComponentLink['ask']>): Promise<Element | undefined>
  /** Those that are connected. */
  links(): Iterable<ComponentLink>
  /** False when the component is connected already: the one that is there stays. */
  attach(label: string, link: ComponentLink): boolean
  detach(label: string, link: ComponentLink): void
}

export interface ComponentsOptions {
  /** The server's. */
  readonly domain: string
  readonly labels: readonly string[]
  /** Domains outside, each with the label of the component that answers there. */
  readonly domains: ReadonlyMap<string, string>
}

/** A directory of components, none of them connected yet. @throws Error for a domain that can be nobody's to give away */
export function createComponents({ domain, labels, domains }: ComponentsOptions): Components {
  for (const [outside, label] of domains) {
    if (!labels.includes(label)) throw new Error(`${outside}: there is no component ${label} (DRAWBRIDGE_COMPONENTS).`)
    if (`.${outside}`.endsWith(`.${domain}`)) throw new Error(`${outside} is our own: no component can be given it.`)
  }
  const links = new Map<string, ComponentLink>()
  const labelOf = new Map([...labels.map((label) => [`${label}.${domain}`, label] as const), ...domains])
  const services = new Map(labels.map((label) => [label, serviceOf(label, () => links.get(label))]))
  return {
    labels,
    find: (domainpart) => services.get(labelOf.get(domainpart) ?? ''),
    has: (label, domainpart) => labelOf.get(domainpart) === label,
    ask: async (domainpart, from, request) => links.get(labelOf.get(domainpart) ?? '')?.ask(from, request),
    links: () => links.values(),
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
