import { parseElement, xml, C2S_LIMITS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { upload } from '../support/upload.ts'
import type { ForeignClient } from './foreign-client.ts'

const WAIT_MS = 10_000
const NS_PUBSUB = 'http://jabber.org/protocol/pubsub'
const NS_AVATAR = 'urn:xmpp:avatar'
const NS_RECEIPTS = 'urn:xmpp:receipts'
const NS_MAM = 'urn:xmpp:mam:2'
const NS_OOB = 'jabber:x:oob'

/** A library that connects, signs in and carries stanzas, and leaves what is in them to the program. */
export interface StanzaLibrary {
  readonly mechanism: string
  send(stanza: Element): Promise<void>
  /** The library's own way to ask and to find the answer. */
  request(iq: Element): Promise<Element>
  close(): Promise<void>
}

/** Collects what a library hands over, and lets one wait for some of it. */
export class Inbox {
  readonly #received: Element[] = []
  readonly #watchers = new Set<() => void>()

  /** @param stanza as the library gives it out, in XML. */
  add(stanza: string): void {
    this.#received.push(parseElement(stanza, C2S_LIMITS))
    for (const look of [...this.#watchers]) look()
  }

  next(matches: (stanza: Element) => boolean): Promise<Element> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.#received.find(matches)
        if (!found) return
        clearTimeout(timer)
        this.#watchers.delete(look)
        resolve(found)
      }
      const timer = setTimeout(() => {
        this.#watchers.delete(look)
        reject(new Error(`waited in vain; last: ${this.#received.slice(-3).join('\n')}`))
      }, WAIT_MS)
      this.#watchers.add(look)
      look()
    })
  }
}

/** A program on a library of stanzas, as the scenarios want it. Its messages have their text for an id. */
export function driveStanzas(library: StanzaLibrary, inbox: Inbox): ForeignClient {
  const { send } = library
  const hasBody = (text: string) => (stanza: Element) => stanza.getChildText('body') === text
  const shows = async (_from: string, text: string) => void (await inbox.next(hasBody(text)))
  const request = async (type: 'get' | 'set', payload: Element, to?: string) => {
    const answer = await library.request(
      xml('iq', { type, id: crypto.randomUUID(), ...(to === undefined ? {} : { to }) }, payload),
    )
    if (answer.attrs['type'] !== 'result') throw new Error(`refused: ${answer.toString()}`)
    return answer
  }
  const message = (to: string, type: 'chat' | 'groupchat', text: string, ...more: Element[]) =>
    send(xml('message', { to, type, id: text }, xml('body', {}, text), ...more))
  const isPresence = (type: string | undefined, from: string) => (stanza: Element) =>
    stanza.name === 'presence' && stanza.attrs['type'] === type && (stanza.attrs['from'] ?? '').startsWith(from)
  const publish = (node: string, id: string, payload: Element) =>
    request('set', xml('pubsub', { xmlns: NS_PUBSUB }, xml('publish', { node }, xml('item', { id }, payload))))

  return {
    mechanism: async () => library.mechanism,
    async addContact(to) {
      await request('set', xml('query', { xmlns: 'jabber:iq:roster' }, xml('item', { jid: to, name: 'Bob' })))
      await send(xml('presence', { to, type: 'subscribe' }))
    },
    async acceptContact(from) {
      await inbox.next(isPresence('subscribe', from))
      await send(xml('presence', { to: from, type: 'subscribed' }))
    },
    seesOnline: async (contact) => void (await inbox.next(isPresence(undefined, contact))),
    say: (to, text) => message(to, 'chat', text, xml('request', { xmlns: NS_RECEIPTS })),
    knowsArrived: async (text) =>
      void (await inbox.next((stanza) => stanza.getChild('received', NS_RECEIPTS)?.attrs['id'] === text)),
    async shows(_from, text) {
      const shown = await inbox.next(hasBody(text))
      if (shown.getChild('request', NS_RECEIPTS))
        await send(
          xml('message', { to: shown.attrs['from'] }, xml('received', { xmlns: NS_RECEIPTS, id: shown.attrs['id'] })),
        )
    },
    async showsHistory(contact, text) {
      const form = xml(
        'x',
        { xmlns: 'jabber:x:data', type: 'submit' },
        xml('field', { var: 'FORM_TYPE', type: 'hidden' }, xml('value', {}, NS_MAM)),
        xml('field', { var: 'with' }, xml('value', {}, contact)),
      )
      await request('set', xml('query', { xmlns: NS_MAM, queryid: 'history' }, form))
      await inbox.next(
        (stanza) =>
          stanza
            .getChild('result', NS_MAM)
            ?.getChild('forwarded', 'urn:xmpp:forward:0')
            ?.getChild('message')
            ?.getChildText('body') === text,
      )
    },
    async joinRoom(room, nick) {
      await send(xml('presence', { to: `${room}/${nick}` }, xml('x', { xmlns: 'http://jabber.org/protocol/muc' })))
      await inbox.next(isPresence(undefined, `${room}/${nick}`))
    },
    sayInRoom: (room, text) => message(room, 'groupchat', text),
    showsInRoom: shows,
    async share(to, path) {
      const { status, url } = await upload({ ask: request }, 'photo.png', await readFile(path), 'image/png')
      if (status !== 201) throw new Error(`upload: ${status}`)
      await message(to, 'chat', url, xml('x', { xmlns: NS_OOB }, xml('url', {}, url)))
    },
    correct: (to, was, text) =>
      message(to, 'chat', text, xml('replace', { xmlns: 'urn:xmpp:message-correct:0', id: was })),
    async showsCorrection(_from, was, text) {
      const { attrs } = await inbox.next(hasBody(was))
      await inbox.next(
        (stanza) =>
          hasBody(text)(stanza) &&
          stanza.getChild('replace', 'urn:xmpp:message-correct:0')?.attrs['id'] === attrs['id'],
      )
    },
    async react(to, text, emoji) {
      const { attrs } = await inbox.next(hasBody(text))
      const reaction = xml('reaction', {}, emoji)
      await send(
        xml(
          'message',
          { to, type: 'chat', id: crypto.randomUUID() },
          xml('reactions', { xmlns: 'urn:xmpp:reactions:0', id: attrs['id'] }, reaction),
        ),
      )
    },
    showsReaction: async (_from, text, emoji) =>
      void (await inbox.next((stanza) => {
        const reactions = stanza.getChild('reactions', 'urn:xmpp:reactions:0')
        return reactions?.attrs['id'] === text && reactions.getChildText('reaction') === emoji
      })),
    async publishAvatar(path) {
      const bytes = await readFile(path)
      const id = createHash('sha1').update(bytes).digest('hex')
      await publish(`${NS_AVATAR}:data`, id, xml('data', { xmlns: `${NS_AVATAR}:data` }, bytes.toString('base64')))
      const info = xml('info', { id, bytes: bytes.length, type: 'image/png', width: 64, height: 48 })
      await publish(`${NS_AVATAR}:metadata`, id, xml('metadata', { xmlns: `${NS_AVATAR}:metadata` }, info))
    },
    block: async (jid) =>
      void (await request('set', xml('block', { xmlns: 'urn:xmpp:blocking' }, xml('item', { jid })))),
    [Symbol.asyncDispose]: () => library.close(),
  }
}
