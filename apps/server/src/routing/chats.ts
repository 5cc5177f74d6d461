import { C2S_LIMITS, parseElement, parseNotificationRules } from '@drawbridge/xmpp'
import type { Element, NotificationRule } from '@drawbridge/xmpp'

/** A conversation that somebody has bookmarked (XEP-0402), as far as it matters to whoever may be woken up. */
export interface Chat {
  /** The person is in that room whenever a client is there: `autojoin`. */
  readonly isJoined: boolean
  readonly nick: string | undefined
  /** XEP-0492 */
  readonly rules: readonly NotificationRule[]
}

/** A bookmark as it is stored: the id of its item is the address of the conversation. */
export interface StoredBookmark {
  readonly itemId: string
  readonly payload: string
}

/**
 * Bookmarks of the accounts that are pushed to, all in memory: they are asked about for every message. As long as an
 * account is followed, whoever changes its bookmarks says so here.
 */
export interface Chats {
  /** @param chat - bare JID of a room or a contact. */
  find(owner: string, chat: string): Chat | undefined
  /** Whoever has bookmarked this conversation. */
  ownersOf(chat: string): Iterable<string>
  follows(owner: string): boolean
  /** From now on changes count; what is read does where nothing has changed meanwhile. Rejects as `read` does. */
  follow(owner: string, read: () => Promise<Iterable<StoredBookmark>>): Promise<void>
  put(owner: string, chat: string, conference: Element): void
  remove(owner: string, chat: string): void
  /** All bookmarks are gone. */
  clear(owner: string): void
  forget(owner: string): void
}

const NOBODY: ReadonlySet<string> = new Set()

/** What has changed while the bookmarks of an account are being read. */
interface Reading {
  readonly changed: Set<string>
  isCleared: boolean
}

/** Nobody is followed. */
export function createChats(): Chats {
  const byOwner = new Map<string, Map<string, Chat>>()
  const owners = new Map<string, Set<string>>()
  const readings = new Map<string, Reading>()
  const set = (owner: string, chat: string, conference: Element) => {
    const chats = byOwner.get(owner)
    if (!chats) return
    chats.set(chat, chatFrom(conference))
    const known = owners.get(chat)
    if (known) known.add(owner)
    else owners.set(chat, new Set([owner]))
  }
  const unset = (owner: string, chat: string) => {
    byOwner.get(owner)?.delete(chat)
    const known = owners.get(chat)
    if (known?.delete(owner) && known.size === 0) owners.delete(chat)
  }
  const unsetAll = (owner: string) => {
    for (const chat of [...(byOwner.get(owner)?.keys() ?? [])]) unset(owner, chat)
  }
  return {
    find: (owner, chat) => byOwner.get(owner)?.get(chat),
    ownersOf: (chat) => owners.get(chat) ?? NOBODY,
    follows: (owner) => byOwner.has(owner),
    async follow(owner, read) {
      if (byOwner.has(owner)) return
      const reading = { changed: new Set<string>(), isCleared: false }
      byOwner.set(owner, new Map())
      readings.set(owner, reading)
      try {
        for (const { itemId, payload } of await read()) {
          if (reading.isCleared) break
          if (!reading.changed.has(itemId)) set(owner, itemId, parseElement(payload, C2S_LIMITS))
        }
      } catch (error) {
        byOwner.delete(owner)
        throw error
      } finally {
        if (readings.get(owner) === reading) readings.delete(owner)
      }
    },
    put(owner, chat, conference) {
      readings.get(owner)?.changed.add(chat)
      set(owner, chat, conference)
    },
    remove(owner, chat) {
      readings.get(owner)?.changed.add(chat)
      unset(owner, chat)
    },
    clear(owner) {
      const reading = readings.get(owner)
      if (reading) reading.isCleared = true
      unsetAll(owner)
    },
    forget(owner) {
      unsetAll(owner)
      byOwner.delete(owner)
    },
  }
}

function chatFrom(conference: Element): Chat {
  const { autojoin } = conference.attrs
  return {
    isJoined: autojoin === 'true' || autojoin === '1',
    nick: conference.getChildText('nick') || undefined,
    rules: parseNotificationRules(conference),
  }
}
