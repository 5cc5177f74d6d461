/** What people do with a client, as the sentence that the test of it has for a title. */
export const CAPABILITIES = {
  signIn: 'signs in',
  roster: 'adds a contact, is added, and both see each other online',
  chat: 'chats, and both sides learn that a message has arrived',
  history: 'reads what was said before',
  room: 'joins a room, reads its history and speaks',
  file: 'shares a picture, which arrives re-encoded',
  correction: 'corrects a message, and shows a correction',
  reaction: 'reacts to a message, and shows a reaction',
  avatar: 'publishes an avatar, which others get re-encoded',
  block: 'blocks a contact',
} as const

export type Capability = keyof typeof CAPABILITIES

/** `works`, with the mechanism of the sign-in and what a reader should know; or why this client cannot do it. */
export type Cell = { readonly works: true; readonly by?: string; readonly but?: string } | { readonly cannot: string }

/** A client that was made without us. */
export interface Client {
  readonly version: string
  /** The package it comes in, whose version the test of the matrix compares. */
  readonly from: { readonly debian: string } | { readonly npm: string }
  readonly transport: string
  readonly cells: Readonly<Record<Capability, Cell>>
}

const YES = { works: true } as const

/** Foreign clients by name. Debian's versions are those of Debian 12. */
export const CLIENTS = {
  slixmpp: {
    version: '1.8.3-1',
    from: { debian: 'python3-slixmpp' },
    transport: 'STARTTLS',
    cells: {
      signIn: {
        works: true,
        by: 'PLAIN',
        but: 'it would bind SCRAM to the channel by tls-unique, which TLS 1.3 does not have, and then tries without',
      },
      roster: YES,
      chat: YES,
      history: YES,
      room: YES,
      file: YES,
      correction: YES,
      reaction: YES,
      avatar: YES,
      block: YES,
    },
  },
  nbxmpp: {
    version: '4.2.2-2',
    from: { debian: 'python3-nbxmpp' },
    transport: 'STARTTLS',
    cells: {
      signIn: { works: true, by: 'SCRAM-SHA-256', but: 'GLib gives it nothing to bind to the channel with' },
      roster: YES,
      chat: YES,
      history: YES,
      room: YES,
      file: YES,
      correction: YES,
      reaction: YES,
      avatar: YES,
      block: YES,
    },
  },
  'xmpp.js': {
    version: '0.14.0',
    from: { npm: '@xmpp/client' },
    transport: 'STARTTLS',
    cells: {
      signIn: { works: true, by: 'PLAIN', but: 'of SCRAM it has SHA-1 only, which the server does not offer' },
      roster: YES,
      chat: YES,
      history: YES,
      room: YES,
      file: YES,
      correction: YES,
      reaction: YES,
      avatar: YES,
      block: YES,
    },
  },
  'strophe.js': {
    version: '5.0.0',
    from: { npm: 'strophe.js' },
    transport: 'WebSocket',
    cells: {
      signIn: { works: true, by: 'SCRAM-SHA-256' },
      roster: YES,
      chat: YES,
      history: YES,
      room: YES,
      file: YES,
      correction: YES,
      reaction: YES,
      avatar: YES,
      block: YES,
    },
  },
  'stanza.js': {
    version: '12.22.1',
    from: { npm: 'stanza' },
    transport: 'WebSocket',
    cells: {
      signIn: { works: true, by: 'SCRAM-SHA-256' },
      roster: YES,
      chat: YES,
      history: YES,
      room: YES,
      file: YES,
      correction: YES,
      reaction: { cannot: 'the library has no reactions' },
      avatar: YES,
      block: YES,
    },
  },
  profanity: {
    version: '0.13.1-2',
    from: { debian: 'profanity' },
    transport: 'STARTTLS',
    cells: {
      signIn: { works: true, by: 'SCRAM-SHA-256' },
      roster: YES,
      chat: YES,
      history: YES,
      room: YES,
      file: YES,
      correction: YES,
      reaction: { cannot: 'it has no reactions' },
      avatar: YES,
      block: YES,
    },
  },
} as const satisfies Readonly<Record<string, Client>>

export type ClientName = keyof typeof CLIENTS
