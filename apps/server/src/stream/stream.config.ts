import { duration } from '@drawbridge/runtime'
import * as z from 'zod'

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
  scramIterations: z.coerce.number().int().min(10_000).max(600_000).default(100_000).meta({
    env: 'DRAWBRIDGE_STREAM_SCRAM_ITERATIONS',
    doc: 'PBKDF2 rounds of new SCRAM-SHA-256 verifiers. More slows down guessing from a stolen key and database, and every sign-in on the client.',
  }),
  freeSignInFailures: z.coerce.number().int().min(1).max(1_000).default(5).meta({
    env: 'DRAWBRIDGE_STREAM_FREE_SIGN_IN_FAILURES',
    doc: 'Wrong passwords a minute for one account before tries are slowed down; ten times as many from one address.',
  }),
  maxStanzasPerSecond: z.coerce.number().int().min(1).max(1_000_000).default(1_000).meta({
    env: 'DRAWBRIDGE_STREAM_MAX_STANZAS_PER_SECOND',
    doc: 'Stanzas one client may send for long; four seconds of it at once. A faster client is read more slowly. Higher lets one client keep the server busy; lower slows down imports and bots.',
  }),
  allowPlaintext: z.boolean().default(false),
})

export type StreamConfig = z.output<typeof streamConfig>
