import { endSlots } from '@drawbridge/db'
import { NS_DRAWBRIDGE_UPLOAD, NS_UPLOAD } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import { deskOf, tellVerdict } from './desk.ts'
import { giveFile } from './get.ts'
import { UPLOAD_PATH } from '../../blobs/link.ts'
import { takeFile } from './put.ts'
import { limitsForm, originForm, uploadService } from './service.ts'
import { buildQuotas, quotasOf } from '../../blobs/quota.ts'
import { giveSlot } from './slot.ts'
import { giveStatus, STATUS_PATH } from './status.ts'
import { recover, stopSweep } from './sweep.ts'

/**
 * XEP-0363: HTTP File Upload. What a client puts goes to quarantine, which nothing can be fetched from; a job has the
 * sanitizer make a new image from its pixels; only then is the upload answered with 201 and its link alive (images §2).
 * A file that is no image is kept as it is and only ever served as an attachment.
 */
export const upload = defineFeature({
  name: 'upload',
  implements: [{ xep: 363, version: '1.2.0' }],
  disco: [NS_UPLOAD, NS_DRAWBRIDGE_UPLOAD],
  // §3: clients ask before they try.
  discoForms: [limitsForm, originForm],
  iq: [
    {
      type: 'get',
      to: 'server',
      xmlns: NS_UPLOAD,
      name: 'request',
      handle: (request, { session }, ctx) => giveSlot(request, session, ctx),
    },
    {
      type: 'get',
      to: 'server',
      xmlns: NS_DRAWBRIDGE_UPLOAD,
      name: 'quotas',
      handle: async (_query, { session }, ctx) => buildQuotas(await quotasOf(ctx.db, session.account, ctx)),
    },
  ],
  service: uploadService,
  http: [
    { method: 'GET', path: STATUS_PATH, handle: giveStatus },
    { method: 'PUT', path: UPLOAD_PATH, handle: takeFile },
    { method: 'GET', path: UPLOAD_PATH, handle: giveFile },
    { method: 'HEAD', path: UPLOAD_PATH, handle: giveFile },
    {
      // What web clients of other origins may do is said in front of us (transport/origins.ts).
      method: 'OPTIONS',
      path: UPLOAD_PATH,
      handle: (_req, res) => {
        res.writeHead(204, { Allow: 'GET, HEAD, PUT, OPTIONS' })
        res.end()
      },
    },
  ],
  on: {
    // AU-23: whoever knew the old password puts nothing any more.
    'password.changed': ({ account }, ctx) => endSlots(ctx.db, account.id, 'slot-ended'),
    'upload.settled': ({ id }, ctx) => tellVerdict(ctx, id),
    'upload.queued': ({ id, ahead }, ctx) => void deskOf(ctx).ahead.set(id, ahead),
  },
  start: recover,
  stop: stopSweep,
})
