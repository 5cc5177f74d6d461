import { boolean, bytes, duration } from '@drawbridge/runtime'
import { C2S_LIMITS, PREAUTH_LIMITS } from '@drawbridge/xmpp'
import * as z from 'zod'
import { SCRAM_FAMILIES } from './scram.ts'
import type { ScramFamily } from './scram.ts'

export const streamConfig = z.object({
  resumeTimeoutMs: duration.default(600_000).meta({
    env: 'DRAWBRIDGE_STREAM_RESUME_TIMEOUT',
    doc: 'How long a broken stream can be resumed (XEP-0198 §5). Longer keeps more memory; shorter loses more phones in tunnels.',
  }),
  signInTimeoutMs: duration.default(30_000).meta({
    env: 'DRAWBRIDGE_STREAM_SIGN_IN_TIMEOUT',
    doc: 'How long a connection may take to sign in and bind. Longer helps slow links; shorter frees sockets sooner under attack.',
  }),
  maxSessionsPerAccount: z.coerce.number().int().min(1).max(10_000).default(50).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_SESSIONS',
    doc: 'Sessions one account may have at once. More costs memory; fewer locks out people with many devices.',
  }),
  maxConnectionsPerAddress: z.coerce.number().int().min(1).default(2_000).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_CONNECTIONS_PER_ADDRESS',
    doc: 'Connections from one IPv4 address or IPv6 /64 at once, XMPP and HTTP counted apart. Raise it when many people share an address; lower it against floods.',
  }),
  maxConnectsPerMinute: z.coerce.number().int().min(1).default(60_000).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_CONNECTS_PER_MINUTE',
    doc: 'Connections that one IPv4 address or IPv6 /64 may open in a minute, XMPP and HTTP counted apart; more are closed at once. Lower it against floods; too low, and people behind one address do not come back after a cut.',
  }),
  scramIterations: z.coerce.number().int().min(10_000).max(600_000).default(100_000).meta({
    env: 'DRAWBRIDGE_STREAM_SCRAM_ITERATIONS',
    doc: 'PBKDF2 rounds of new SCRAM-SHA-256 verifiers. More slows down guessing from a stolen key and database, and every sign-in on the client.',
  }),
  scramSha1: boolean.default(false).meta({
    env: 'DRAWBRIDGE_STREAM_SCRAM_SHA_1',
    doc: 'Offers SCRAM-SHA-1 beside SCRAM-SHA-256, for clients that know nothing better. Its verifiers are the easiest to attack for whoever has stolen key and database.',
  }),
  scramSha512: boolean.default(false).meta({
    env: 'DRAWBRIDGE_STREAM_SCRAM_SHA_512',
    doc: 'Offers SCRAM-SHA-512 beside SCRAM-SHA-256. Stronger than needed today; one more verifier for each password.',
  }),
  fastTokenTtlMs: duration.default(21 * 86_400_000).meta({
    env: 'DRAWBRIDGE_STREAM_FAST_TOKEN_TTL',
    doc: 'How long a client may be away and still sign in without the password (XEP-0484). Longer spares people the password; shorter protects them when a device is lost.',
  }),
  hasPipelining: boolean.default(false).meta({
    env: 'DRAWBRIDGE_STREAM_PIPELINING',
    doc: 'Tells clients a version of what is offered to them, so that the next time they need not wait for the offer before they sign in (XEP-0509). Saves a round trip; the extension is experimental, and may change.',
  }),
  clientRetentionMs: duration.default(400 * 86_400_000).meta({
    env: 'DRAWBRIDGE_STREAM_CLIENT_RETENTION',
    doc: 'How long a client that does not come back is remembered, with what it said of itself (XEP-0494). Longer shows people more of their history; shorter keeps less about them.',
  }),
  freeSignInFailures: z.coerce.number().int().min(1).max(1_000).default(5).meta({
    env: 'DRAWBRIDGE_STREAM_FREE_SIGN_IN_FAILURES',
    doc: 'Wrong passwords a minute for one account before tries are slowed down; ten times as many from one address.',
  }),
  acceptRate: z.coerce.number().int().min(1).max(100_000).default(200).meta({
    env: 'DRAWBRIDGE_STREAM_ACCEPT_RATE',
    doc: 'Streams a second that are let in while everybody comes back after a cut of the service. Higher brings people back sooner; beyond what this machine can sign in, everybody waits longer.',
  }),
  maxStanzasPerSecond: z.coerce.number().int().min(1).max(1_000_000).default(1_000).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_STANZAS_PER_SECOND',
    doc: 'Stanzas one client may send for long; four seconds of it at once. A faster client is read more slowly. Higher lets one client keep the server busy; lower slows down imports and bots.',
  }),
  maxStanzaBytes: bytes
    .refine((size) => size >= 10_000 && size <= C2S_LIMITS.maxStanzaBytes, 'expected 10000 bytes to 256KiB')
    .default(C2S_LIMITS.maxStanzaBytes)
    .meta({
      env: 'DRAWBRIDGE_STREAM_MAX_STANZA_BYTES',
      doc: 'Largest stanza taken from a client, 10000 bytes to 256KiB; clients are told (XEP-0478). Smaller costs less memory per client, and breaks clients that send avatars or long texts.',
    }),
  maxStanzaDepth: z.coerce.number().int().min(8).max(C2S_LIMITS.maxDepth).default(C2S_LIMITS.maxDepth).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_STANZA_DEPTH',
    doc: 'Levels of elements in one stanza. Fewer stops what no client needs; below 16, forwarded messages may not fit.',
  }),
  maxStanzaElements: z.coerce.number().int().min(64).max(C2S_LIMITS.maxElements).default(C2S_LIMITS.maxElements).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_STANZA_ELEMENTS',
    doc: 'Elements in one stanza. Each costs some 40 times its bytes in memory; fewer breaks large forms and lists.',
  }),
  maxStanzaAttributes: z.coerce
    .number()
    .int()
    .min(16)
    .max(C2S_LIMITS.maxAttributes)
    .default(C2S_LIMITS.maxAttributes)
    .meta({
      env: 'DRAWBRIDGE_STREAM_MAX_STANZA_ATTRIBUTES',
      doc: 'Attributes of one element, namespaces included. No known client needs more than a dozen.',
    }),
  maxBytesBeforeSignIn: bytes
    .refine((size) => size >= 4_096 && size <= 65_536, 'expected 4KiB to 64KiB')
    .default(PREAUTH_LIMITS.maxStanzaBytes)
    .meta({
      env: 'DRAWBRIDGE_STREAM_MAX_BYTES_BEFORE_SIGN_IN',
      doc: 'Largest element taken from somebody who has not signed in, 4KiB to 64KiB. Larger lets large tokens in, and strangers use more memory.',
    }),
  maxElementsBeforeSignIn: z.coerce.number().int().min(10).max(1_000).default(50).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_ELEMENTS_BEFORE_SIGN_IN',
    doc: 'Elements one connection may send before it has signed in; five tries take at most 16. More lets strangers keep the server busier.',
  }),
  idleTimeoutMs: duration
    .refine((ms) => ms >= 1_000 && ms <= 86_400_000, 'expected one second to a day')
    .default(900_000)
    .meta({
      env: 'DRAWBRIDGE_STREAM_IDLE_TIMEOUT',
      doc: 'How long a client may be silent before it is asked whether it is still there; clients are told (XEP-0478). Longer spares batteries of phones; shorter notices sooner that somebody is gone.',
    }),
  allowPlaintext: z.boolean().default(false),
})

export type StreamConfig = z.output<typeof streamConfig>

/** The SCRAM mechanisms in use, the strongest first. */
export function familiesFrom({
  scramSha1,
  scramSha512,
}: Pick<StreamConfig, 'scramSha1' | 'scramSha512'>): ScramFamily[] {
  const isInUse: Readonly<Record<ScramFamily, boolean>> = {
    'SCRAM-SHA-512': scramSha512,
    'SCRAM-SHA-256': true,
    'SCRAM-SHA-1': scramSha1,
  }
  return SCRAM_FAMILIES.filter((family) => isInUse[family])
}
