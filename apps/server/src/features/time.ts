import { formatDateTime, NS_TIME, xml } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'

/** XEP-0202: Entity Time. Answers in UTC only; the server has no other zone. */
export const time = defineFeature({
  name: 'time',
  implements: [{ xep: 202, version: '2.0' }],
  disco: [NS_TIME],
  iq: [
    {
      type: 'get',
      to: 'server',
      xmlns: NS_TIME,
      name: 'time',
      handle: (_query, _request, ctx) =>
        xml('time', { xmlns: NS_TIME }, xml('tzo', {}, '+00:00'), xml('utc', {}, formatDateTime(ctx.now()))),
    },
  ],
})
