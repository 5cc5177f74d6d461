import { buildVersion, NS_VERSION } from '@drawbridge/xmpp'
import packageJson from '../../package.json' with { type: 'json' }
import { defineFeature } from '../routing/feature.ts'

/** XEP-0092: Software Version. Without the operating system: it helps attackers and nobody else (§4). */
export const version = defineFeature({
  name: 'version',
  implements: [{ xep: 92, version: '1.1' }],
  disco: [NS_VERSION],
  iq: [
    {
      type: 'get',
      to: 'server',
      xmlns: NS_VERSION,
      name: 'query',
      handle: () => buildVersion({ name: 'Drawbridge', version: packageJson.version }),
    },
  ],
})
