/** Roster, subscriptions and presence (RFC 6121), from the wire into the state and back. */
import { NS_ROSTER } from '@drawbridge/xmpp'
import { xml } from '../connection/connection.ts'
import type { Element } from '../connection/element.ts'
import { bareJid, resourcepart } from '../protocol/jid.ts'
import { buildPresence, capsHash, parsePresence, type Availability } from '../protocol/presence.ts'
import { isSubscribed, parseRoster, type RosterItem } from '../protocol/roster.ts'
import { isOnline, type ChatContext } from './context.ts'

export interface Contacts {
  loadRoster(): Promise<void>
  /** A roster push; false when it does not come from our own account. */
  receivePush(query: Element, from: string | undefined): boolean
  receivePresence(stanza: Element): void
  /** Tells everybody that we are here, as this or as last chosen. */
  announce(availability?: Availability, status?: string): Promise<void>
  /** Puts somebody on the list and asks to see their presence. */
  add(jid: string, name: string): Promise<void>
  remove(jid: string): Promise<void>
  /** Answers a request to see our presence; accepting asks for theirs, too. */
  answer(jid: string, accept: boolean): Promise<void>
  /** Nobody's presence is known any more. */
  forgetPresence(): void
}

export function createContacts({ store, connection, account }: ChatContext): Contacts {
  function apply(items: readonly RosterItem[], isWhole: boolean): void {
    store.update((state) => {
      const roster: Record<string, RosterItem> = isWhole ? {} : { ...state.roster }
      for (const item of items) {
        if (item.subscription === 'remove') delete roster[item.jid]
        else roster[item.jid] = item
      }
      return { ...state, roster }
    })
  }

  const presence = (type: string, to: string) => connection.send(xml('presence', { type, to }))
  const dropRequest = (jid: string) =>
    store.update((state) => ({ ...state, requests: state.requests.filter((from) => from !== jid) }))

  return {
    async loadRoster() {
      const answer = await connection.request('get', xml('query', { xmlns: NS_ROSTER }))
      const query = answer.getChild('query', NS_ROSTER)
      if (query) apply(parseRoster(query), true)
    },
    receivePush(query, from) {
      // RFC 6121 §2.1.6: only our own account may change the roster.
      if (from !== undefined && from !== account) return false
      apply(parseRoster(query), false)
      return true
    },
    receivePresence(stanza) {
      const from = stanza.attrs['from']
      const type = stanza.attrs['type']
      if (from === undefined) return
      const jid = bareJid(from)
      if (type === 'subscribe') {
        const contact = store.get().roster[jid]
        // Whom we have asked ourselves need not ask us.
        if (contact?.isPending || isSubscribed(contact)) {
          presence('subscribed', jid).catch(() => undefined)
          return
        }
        store.update((state) =>
          state.requests.includes(jid) ? state : { ...state, requests: [...state.requests, jid] },
        )
        return
      }
      if (type !== undefined && type !== 'unavailable') return
      store.updateSoon((state) => {
        const resources = { ...state.presence[jid] }
        if (type === 'unavailable') delete resources[resourcepart(from)]
        else resources[resourcepart(from)] = parsePresence(stanza)
        return { ...state, presence: { ...state.presence, [jid]: resources } }
      })
    },
    async announce(availability, status) {
      store.update((state) => ({
        ...state,
        own: { availability: availability ?? state.own.availability, status: status ?? state.own.status },
      }))
      if (!isOnline(store)) return
      const { own } = store.get()
      await connection.send(buildPresence(xml, own.availability, own.status, await capsHash()))
    },
    async add(jid, name) {
      const item = xml('item', { jid, name: name || undefined })
      await connection.request('set', xml('query', { xmlns: NS_ROSTER }, item))
      await presence('subscribe', jid)
    },
    async remove(jid) {
      await connection.request('set', xml('query', { xmlns: NS_ROSTER }, xml('item', { jid, subscription: 'remove' })))
    },
    async answer(jid, accept) {
      await presence(accept ? 'subscribed' : 'unsubscribed', jid)
      dropRequest(jid)
      if (accept && !isSubscribed(store.get().roster[jid])) await presence('subscribe', jid)
    },
    forgetPresence() {
      store.update((state) => ({ ...state, presence: {} }))
    },
  }
}
