import { NS_SERVER_INFO } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'

/** XEP-0157: Contact Addresses, in the server's disco#info (XEP-0128), for the roles that have any. */
export const contactAddresses = defineFeature({
  name: 'contact-addresses',
  implements: [{ xep: 157, version: '1.1.1' }],
  discoForms: [
    ({ contacts }) => {
      const fields = Object.entries(contacts)
        .filter(([, values]) => values.length > 0)
        .map(([role, values]) => ({ name: `${role}-addresses`, type: 'list-multi' as const, values }))
      return fields.length === 0 ? undefined : { formType: NS_SERVER_INFO, fields }
    },
  ],
})
