import { defineFeature } from '../routing/feature.ts'

/**
 * XEP-0455: Service Outage Status. Tells clients, while everything works, where they will find out why it does not. The
 * document itself is served beside the health checks (`policy/start.ts`), or at an address of the operator's.
 */
export const outageStatus = defineFeature({
  name: 'outage-status',
  implements: [{ xep: 455, version: '0.4.0' }],
  discoForms: [
    (ctx) => ({
      formType: 'urn:xmpp:sos:0',
      fields: [{ name: 'external-status-addresses', type: 'list-multi', values: [ctx.statusUrl()] }],
    }),
  ],
})
