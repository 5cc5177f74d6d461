import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { loadedPng, SECRET } from '@drawbridge/testkit'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect } from 'vitest'
import type { TestClient } from '../support/xmpp-client.ts'
import type { ForeignClient, Persona } from './foreign-client.ts'
import type { Capability } from './matrix.ts'

export interface Scene {
  /** The foreign client. */
  readonly alice: ForeignClient
  /** Sees every element, and does what a modern client does. */
  readonly bob: TestClient
  readonly persona: Persona
  /** The SASL mechanism that the matrix names. */
  readonly mechanism: string
}

const NS_RECEIPTS = 'urn:xmpp:receipts'
const NS_CORRECT = 'urn:xmpp:message-correct:0'
const NS_REACTIONS = 'urn:xmpp:reactions:0'
const NS_PUBSUB = 'http://jabber.org/protocol/pubsub'
const NS_MUC = 'http://jabber.org/protocol/muc'

/** The half of a capability that may be missing, where the matrix says that something is. */
export const SECOND_HALVES: Readonly<Partial<Record<Capability, Extract<keyof ForeignClient, string>>>> = {
  chat: 'knowsArrived',
  room: 'showsInRoom',
  correction: 'showsCorrection',
  reaction: 'showsReaction',
}

/** What is done to find out whether a client can do something: with bob watching, and where it can be, both ways. */
export const SCENARIOS: Readonly<Record<Capability, (scene: Scene) => Promise<void>>> = {
  async signIn({ alice, mechanism }) {
    expect(await alice.mechanism()).toBe(mechanism)
  },

  async roster({ alice, bob, persona }) {
    // RFC 6121 §3.1: alice asks, bob agrees, and she sees him.
    await can(alice.addContact)(persona.bob)
    await bob.next(isPresence('subscribe', persona.jid))
    bob.send(xml('presence', { to: persona.jid, type: 'subscribed' }))
    await can(alice.seesOnline)(persona.bob)
    // The other way round.
    bob.send(xml('presence', { to: persona.jid, type: 'subscribe' }))
    await can(alice.acceptContact)(persona.bob)
    await bob.next(isPresence('subscribed', persona.jid))
    await bob.next(isPresence(undefined, persona.jid))
    const roster = await bob.ask('get', xml('query', { xmlns: 'jabber:iq:roster' }))
    expect(roster.getChild('query')?.getChildren('item')).toMatchObject([
      { attrs: { jid: persona.jid, subscription: 'both' } },
    ])
  },

  async chat({ alice, bob, persona }) {
    await can(alice.say)(persona.bob, 'Shall we lower the bridge?')
    const said = await bob.next(hasBody('Shall we lower the bridge?'))
    if (alice.knowsArrived) {
      expect(said.getChild('request', NS_RECEIPTS)).toBeDefined()
      bob.send(
        xml(
          'message',
          { to: said.attrs['from'], id: 'arrived' },
          xml('received', { xmlns: NS_RECEIPTS, id: said.attrs['id'] }),
        ),
      )
      await alice.knowsArrived('Shall we lower the bridge?')
    }
    const request = xml('request', { xmlns: NS_RECEIPTS })
    bob.send(
      xml('message', { to: persona.jid, type: 'chat', id: 'answer' }, xml('body', {}, 'At nine, slowly.'), request),
    )
    await can(alice.shows)(persona.bob, 'At nine, slowly.')
    if (alice.knowsArrived)
      await bob.next((element) => element.getChild('received', NS_RECEIPTS)?.attrs['id'] === 'answer')
  },

  async history({ alice, bob, persona }) {
    const text = 'Said while nobody listened.'
    bob.send(xml('message', { to: persona.jid, type: 'chat', id: 'past' }, xml('body', {}, text)))
    // Answered after the commit of what was sent before.
    await bob.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }))
    await can(alice.showsHistory)(persona.bob, text)
  },

  async room({ alice, bob, persona }) {
    const room = `${persona.name}@rooms.localhost`
    bob.send(xml('presence', { to: `${room}/bob` }, xml('x', { xmlns: NS_MUC })))
    await bob.next((element) => isPresence(undefined, room)(element) && hasStatus(element, '110'))
    const form = xml('x', { xmlns: 'jabber:x:data', type: 'submit' })
    await bob.ask('set', xml('query', { xmlns: `${NS_MUC}#owner` }, form), room)
    bob.send(xml('message', { to: room, type: 'groupchat', id: 'before' }, xml('body', {}, 'Before you came.')))
    await bob.next(hasBody('Before you came.'))
    await can(alice.joinRoom)(room, 'alice')
    await bob.next((element) => isPresence(undefined, `${room}/alice`)(element))
    await alice.showsInRoom?.(room, 'Before you came.')
    await can(alice.sayInRoom)(room, 'Here I am.')
    const heard = await bob.next(hasBody('Here I am.'))
    expect(heard.attrs).toMatchObject({ from: `${room}/alice`, type: 'groupchat' })
  },

  async file({ alice, bob, persona }) {
    await withPicture(async (path) => {
      await can(alice.share)(persona.bob, path)
      const isShared = (element: Element) => /https?:\/\/\S+\.png/.test(element.getChildText('body') ?? '')
      const body = (await bob.next(isShared)).getChildText('body') ?? ''
      const response = await fetch(/https?:\/\/\S+/.exec(body)?.[0] ?? '')
      expect(response.status).toBe(200)
      await expectReencoded(Buffer.from(await response.arrayBuffer()))
    })
  },

  async correction({ alice, bob, persona }) {
    await can(alice.say)(persona.bob, 'The gaet is open.')
    const said = await bob.next(hasBody('The gaet is open.'))
    await can(alice.correct)(persona.bob, 'The gaet is open.', 'The gate is open.')
    const corrected = await bob.next(hasBody('The gate is open.'))
    expect(corrected.getChild('replace', NS_CORRECT)?.attrs['id']).toBe(said.attrs['id'])
    if (!alice.showsCorrection) return
    const write = (id: string, text: string, replaced?: string) =>
      bob.send(
        xml(
          'message',
          { to: persona.jid, type: 'chat', id },
          xml('body', {}, text),
          replaced && xml('replace', { xmlns: NS_CORRECT, id: replaced }),
        ),
      )
    write('typo', 'Well dnoe.')
    await can(alice.shows)(persona.bob, 'Well dnoe.')
    write('fixed', 'Well done.', 'typo')
    await alice.showsCorrection(persona.bob, 'Well dnoe.', 'Well done.')
  },

  async reaction({ alice, bob, persona }) {
    const thumb = '👍'
    bob.send(xml('message', { to: persona.jid, type: 'chat', id: 'liked' }, xml('body', {}, 'Lunch is ready.')))
    await can(alice.shows)(persona.bob, 'Lunch is ready.')
    await can(alice.react)(persona.bob, 'Lunch is ready.', thumb)
    const reacted = await bob.next((element) => element.getChild('reactions', NS_REACTIONS) !== undefined)
    const reactions = reacted.getChild('reactions', NS_REACTIONS)
    expect(reactions?.getChildText('reaction')).toBe(thumb)
    if (!alice.showsReaction) return
    await can(alice.say)(persona.bob, 'On my way.')
    const said = await bob.next(hasBody('On my way.'))
    bob.send(
      xml(
        'message',
        { to: persona.jid, type: 'chat', id: 'reacted' },
        xml('reactions', { xmlns: NS_REACTIONS, id: said.attrs['id'] }, xml('reaction', {}, thumb)),
        xml('store', { xmlns: 'urn:xmpp:hints' }),
      ),
    )
    await alice.showsReaction(persona.bob, 'On my way.', thumb)
  },

  async avatar({ alice, bob, persona }) {
    await withPicture(async (path) => {
      await can(alice.publishAvatar)(path)
      // XEP-0398 §3: contacts see the picture's hash in presence, however it was published.
      await bob.next(hasPhoto(persona.jid))
      const items = xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node: 'urn:xmpp:avatar:data' }))
      const answer = await bob.ask('get', items, persona.jid)
      const data = answer.getChild('pubsub')?.getChild('items')?.getChild('item')?.getChildText('data') ?? ''
      await expectReencoded(Buffer.from(data, 'base64'))
    })
  },

  async block({ alice, bob, persona }) {
    await can(alice.block)(persona.bob)
    // XEP-0191 §3.4: alice has gone, as far as bob can see; and what he sends comes back.
    await bob.next(isPresence('unavailable', persona.jid))
    bob.send(xml('message', { to: persona.jid, type: 'chat', id: 'refused' }, xml('body', {}, 'Are you there?')))
    const refusal = await bob.next(({ attrs }) => attrs['id'] === 'refused' && attrs['type'] === 'error')
    expect(refusal.getChild('error')?.getChild('service-unavailable')).toBeDefined()
  },
}

/** The method, which the matrix says is there. */
function can<A extends unknown[], R>(method: ((...args: A) => R) | undefined): (...args: A) => R {
  if (!method) throw new Error('the matrix says that this works, but the client has no way to do it')
  return method
}

const isPresence = (type: string | undefined, from: string) => (element: Element) =>
  element.name === 'presence' && element.attrs['type'] === type && (element.attrs['from'] ?? '').startsWith(from)

const hasBody = (text: string) => (element: Element) =>
  element.name === 'message' && element.attrs['type'] !== 'error' && element.getChildText('body')?.trim() === text

const hasPhoto = (from: string) => (element: Element) =>
  isPresence(undefined, from)(element) &&
  /^[0-9a-f]{40}$/.test(element.getChild('x', 'vcard-temp:x:update')?.getChildText('photo') ?? '')

const hasStatus = (element: Element, code: string) =>
  element
    .getChild('x', `${NS_MUC}#user`)
    ?.getChildren('status')
    .some(({ attrs }) => attrs['code'] === code) === true

async function withPicture(use: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'interop-'))
  try {
    const path = join(directory, 'photo.png')
    await writeFile(path, Buffer.concat([loadedPng(), Buffer.from(SECRET)]))
    await use(path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A picture that was made anew from the pixels of ours: same size, nothing else. */
async function expectReencoded(bytes: Buffer): Promise<void> {
  expect(bytes.includes(SECRET)).toBe(false)
  expect(await sharp(bytes).metadata()).toMatchObject({ width: 64, height: 48 })
}
