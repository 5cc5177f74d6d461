import { NS_PRIVACY, StanzaFault } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { IqRoute } from '../routing/feature.ts'

/** Extensions that are not here on purpose, with what a client hears that tries. docs/xeps.md is made of this list. */
export const REFUSED: readonly {
  readonly xeps: readonly number[]
  readonly name: string
  readonly why: string
  readonly answer: string
}[] = [
  {
    xeps: [138],
    name: 'Stream compression',
    why: 'A little input makes a lot of output, and lengths give secrets away.',
    answer: '`<unsupported-method/>`, the stream goes on; before sign-in `<not-authorized/>`, the stream ends',
  },
  {
    xeps: [16],
    name: 'Privacy lists',
    why: 'Nobody can tell afterwards why a stanza was dropped. Blocking (XEP-0191) takes their place.',
    answer: '`<service-unavailable/>` with a text',
  },
  {
    xeps: [78, 175],
    name: 'Sign-in outside SASL, and without a name',
    why: 'A password in the clear, or a message that nobody sent.',
    answer: '`<not-authorized/>`, the stream ends; `<invalid-mechanism/>`',
  },
  {
    xeps: [47, 65, 95, 96, 234, 260, 261],
    name: 'Files from client to client',
    why: 'Their bytes would bypass the sanitizer. Files are shared by upload (XEP-0363).',
    answer: '`<not-allowed/>` with a text',
  },
  {
    xeps: [71],
    name: 'XHTML-IM',
    why: 'Markup of a stranger in the reader’s client, with images in it. The plain text stays.',
    answer: 'none: the markup is taken out',
  },
  {
    xeps: [511],
    name: 'What a sender says of a link',
    why: 'Readers would see what somebody likes to claim, with an image from anywhere. A client asks the server (ADR 17).',
    answer: 'none: the description is taken out',
  },
  {
    xeps: [27, 364, 373, 374, 380, 384, 420],
    name: 'End-to-end encryption',
    why: 'What the server cannot read it cannot check for images.',
    answer: '`<policy-violation/>` with a text',
  },
  {
    xeps: [485],
    name: 'PubSub server information',
    why: 'It names the domains we talk to.',
    answer: '`<item-not-found/>`',
  },
]

/**
 * What is refused by design and would otherwise only be unknown: a clear error, so that clients fall back and people
 * learn why. The rest of the list is refused where it would come in: by the stream, the image filter, or the sign-in.
 */
export const refused = defineFeature({
  name: 'refused',
  implements: [],
  iq: (['get', 'set'] as const).flatMap((type) => (['server', 'own'] as const).map((to) => privacyLists(type, to))),
})

function privacyLists(type: 'get' | 'set', to: 'server' | 'own'): IqRoute {
  return {
    type,
    to,
    xmlns: NS_PRIVACY,
    name: 'query',
    handle() {
      throw new StanzaFault({
        condition: 'service-unavailable',
        text: 'Privacy lists (XEP-0016) are not supported here. Please block contacts instead (XEP-0191).',
      })
    },
  }
}
