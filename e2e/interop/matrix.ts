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

/** What a client cannot do, whatever the server does; or what to know about something that works. */
export type Exception = { readonly cannot: string } | { readonly but: string }

/** A client that was made without us. */
export interface Client {
  readonly version: string
  /** The package it comes in, and one that its test needs. Versions of Debian's are those of Debian 12. */
  readonly from: { readonly debian: string; readonly also?: string } | { readonly npm: string }
  readonly transport: 'STARTTLS' | 'WebSocket'
  /** By which it signs in, left to itself (RFC 6120 §6). */
  readonly mechanism: string
  /** All else works, without a word. */
  readonly except: Readonly<Partial<Record<Capability, Exception>>>
}

/** Foreign clients by name. A test fails for each thing that works no longer. */
export const CLIENTS = {
  'Converse.js': {
    version: '14.0.0',
    from: { npm: 'converse.js' },
    transport: 'WebSocket',
    mechanism: 'SCRAM-SHA-256',
    except: {
      file: {
        but: 'WebP, and what became WebP of an animation, is a link to it unless its setting `image_urls_regex` says',
      },
    },
  },
  profanity: {
    version: '0.13.1-2',
    from: { debian: 'profanity', also: 'tmux' },
    transport: 'STARTTLS',
    mechanism: 'SCRAM-SHA-256',
    except: { reaction: { cannot: 'it has no reactions' } },
  },
  mcabber: {
    version: '1.1.2-2+b1',
    from: { debian: 'mcabber', also: 'tmux' },
    transport: 'STARTTLS',
    mechanism: 'PLAIN',
    except: {
      signIn: { but: 'of SCRAM it has SHA-1 only, which the server does not offer' },
      history: { cannot: 'it asks no archive; what came while it was away, it shows' },
      file: { cannot: 'it has no uploads' },
      correction: { cannot: 'it has no corrections' },
      reaction: { cannot: 'it has no reactions' },
      avatar: { cannot: 'it has no avatars' },
      block: { cannot: 'it has no blocking command' },
    },
  },
  'go-sendxmpp': {
    version: '0.5.6+git20221206.bbc83969-1+b6',
    from: { debian: 'go-sendxmpp' },
    transport: 'STARTTLS',
    mechanism: 'PLAIN',
    except: {
      signIn: { but: 'its library of 2022 sends the password where PLAIN is offered' },
      roster: { cannot: 'it has no contact list' },
      chat: { but: 'without receipts: it sends lines, and prints lines' },
      history: { cannot: 'it asks no archive' },
      room: { but: 'without the history, which it does not print' },
      correction: { cannot: 'it has no corrections' },
      reaction: { cannot: 'it has no reactions' },
      avatar: { cannot: 'it has no avatars' },
      block: { cannot: 'it has no blocking command' },
    },
  },
  nbxmpp: {
    version: '4.2.2-2',
    from: { debian: 'python3-nbxmpp' },
    transport: 'STARTTLS',
    mechanism: 'SCRAM-SHA-256',
    except: { signIn: { but: 'GLib gives it nothing to bind to the channel with' } },
  },
  slixmpp: {
    version: '1.8.3-1',
    from: { debian: 'python3-slixmpp' },
    transport: 'STARTTLS',
    mechanism: 'PLAIN',
    except: {
      signIn: {
        but: 'it would bind SCRAM to the channel by tls-unique, which TLS 1.3 does not have, and then tries without',
      },
    },
  },
  'xmpp.js': {
    version: '0.14.0',
    from: { npm: '@xmpp/client' },
    transport: 'STARTTLS',
    mechanism: 'PLAIN',
    except: { signIn: { but: 'of SCRAM it has SHA-1 only, which the server does not offer' } },
  },
  'strophe.js': {
    version: '5.0.0',
    from: { npm: 'strophe.js' },
    transport: 'WebSocket',
    mechanism: 'SCRAM-SHA-256',
    except: {},
  },
  'stanza.js': {
    version: '12.22.1',
    from: { npm: 'stanza' },
    transport: 'WebSocket',
    mechanism: 'SCRAM-SHA-256',
    except: { reaction: { cannot: 'the library has no reactions' } },
  },
} as const satisfies Readonly<Record<string, Client>>

export type ClientName = keyof typeof CLIENTS

/** What a test shows that this client can do. */
export function capabilitiesOf({ except }: Client): Capability[] {
  const isThere = (capability: Capability) => !('cannot' in (except[capability] ?? {}))
  return (Object.keys(CAPABILITIES) as Capability[]).filter(isThere)
}
