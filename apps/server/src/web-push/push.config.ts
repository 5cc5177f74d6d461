import { duration, list } from '@drawbridge/runtime'
import * as z from 'zod'

/** What a notification may say, beyond that there is something. */
export const PUSH_CONTENTS = ['count', 'sender', 'message'] as const

export const pushConfig = z.object({
  hosts: list
    .default(['fcm.googleapis.com', '.push.services.mozilla.com', '.push.apple.com', '.notify.windows.com'])
    .readonly()
    .meta({
      env: 'DRAWBRIDGE_PUSH_HOSTS',
      doc: 'Hosts of push services that this server may send to; one that begins with a dot means all below it. More lets more browsers be woken up; each is somebody who learns when your people get messages.',
    }),
  content: z.enum(PUSH_CONTENTS).default('count').meta({
    env: 'DRAWBRIDGE_PUSH_CONTENT',
    doc: 'What a notification says, encrypted for the device: `count` only how many messages wait, `sender` also who sent the last one, `message` also its text. More is shown on locked screens. App servers of mobile clients, which could read along, are never told more than a number.',
  }),
  intervalMs: duration.default(5_000).meta({
    env: 'DRAWBRIDGE_PUSH_INTERVAL',
    doc: 'Shortest time between two notifications of one device; what comes meanwhile is told with the next. Longer saves batteries; shorter tells of a second message sooner.',
  }),
  contact: z
    .string()
    .regex(/^(mailto:|https:)\S+$/)
    .optional()
    .meta({
      env: 'DRAWBRIDGE_PUSH_CONTACT',
      doc: 'Where the operator of a push service can reach you: `mailto:…` or `https:…`. Without it, the public URL or postmaster at the domain.',
    }),
  /** For tests: devices that listen on this machine, without TLS. */
  allowLoopback: z.boolean().default(false),
})

export type PushConfig = z.output<typeof pushConfig>
