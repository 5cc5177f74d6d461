import { cleanMarkup } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'

/**
 * Extensions that clients speak to each other. What the server does for each is a row of `PAYLOADS` (`packages/xmpp`):
 * whether it is kept, copied and announced; routing, archive, carbons and push go by that table. Corrections and
 * retractions ask for more, and are the archive's.
 */
export const messagePayloads = defineFeature({
  name: 'message-payloads',
  implements: [
    // Typing: passed on and forgotten.
    { xep: 85, version: '2.1' },
    // Received, read: passed on; what somebody has read is kept for their other devices.
    { xep: 184, version: '1.4.0' },
    { xep: 333, version: '1.0.0' },
    // Calls: they ring everywhere, and the archive knows of them.
    { xep: 353, version: '0.8.0' },
    // Part of a text, and kept with it: mentions, styles, replies.
    { xep: 372, version: '0.5.0' },
    { xep: 393, version: '1.1.1' },
    { xep: 394, version: '0.3.0' },
    { xep: 461, version: '0.2.1' },
    // Kept, and known by the archive to be about another message.
    { xep: 444, version: '0.2.1' },
  ],
  // XEP-0394: what a client makes of a text is for the client; that it is no more than that is seen to here.
  message: { amend: ({ stanza }) => cleanMarkup(stanza.element) },
})
