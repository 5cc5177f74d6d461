import { defineFeature } from '../../routing/feature.ts'
import { accountCommands } from './accounts.ts'
import { messageCommands } from './messages.ts'
import { peopleCommands } from './people.ts'

/**
 * XEP-0133: Service Administration. The commands call the operations of the admin API, so that rights, checks and audit
 * are the same by XMPP, HTTP and command line. Which of them there are not, and why: ADR 21. Sections are counted as in
 * version 1.2, before getting a password (§4.6) was taken out.
 */
export const serviceAdministration = defineFeature({
  name: 'service-administration',
  // "An implementation or deployment MAY support any subset of the use cases" (§4).
  implements: [
    {
      xep: 133,
      version: '1.3.1',
      missing:
        'on purpose (ADR 21) neither restart and shutdown, nor lists of administrators, of those blocked or of those allowed',
    },
  ],
  commands: [...accountCommands, ...peopleCommands, ...messageCommands],
})
