import { duration, list } from '@drawbridge/runtime'
import * as z from 'zod'

/** Kinds of services, by the scheme of their URI (RFC 7064, RFC 7065). */
const SERVICE =
  /^(?<type>stuns?|turns?):(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(?<port>\d{1,5}))?(?:\?transport=(?<transport>udp|tcp))?$/
const DEFAULT_PORTS: Readonly<Record<string, number>> = { stun: 3478, turn: 3478, stuns: 5349, turns: 5349 }

/** A service outside of XMPP that clients can use (XEP-0215 §2). */
export interface ExternalService {
  readonly type: string
  readonly host: string
  readonly port: number
  readonly transport: string
}

export const externalServicesConfig = z.object({
  services: list
    .transform((uris, context): readonly ExternalService[] =>
      uris.map((uri) => {
        const { type = '', host = '', port, transport } = SERVICE.exec(uri)?.groups ?? {}
        const number = port === undefined ? (DEFAULT_PORTS[type] ?? 0) : Number(port)
        if (type === '' || number < 1 || number > 65_535)
          context.addIssue({
            code: 'custom',
            message: 'expected URIs such as turn:turn.example.com:3478?transport=udp',
          })
        return { type, host, port: number, transport: transport ?? (type.endsWith('s') ? 'tcp' : 'udp') }
      }),
    )
    .default([])
    .meta({
      env: 'DRAWBRIDGE_EXTERNAL_SERVICES',
      doc: 'STUN and TURN servers for calls, as URIs: `turn:turn.example.com:3478?transport=udp`. Without any, calls work only where both sides can reach each other.',
    }),
  turnSecret: z.string().min(16).optional().meta({
    env: 'DRAWBRIDGE_TURN_SECRET',
    doc: 'What this server and the TURN servers share (`static-auth-secret` of coturn), at least 16 characters: clients get credentials that end by themselves. Without it, TURN servers are named without credentials.',
    secret: true,
  }),
  turnTtlMs: duration.default(43_200_000).meta({
    env: 'DRAWBRIDGE_TURN_TTL',
    doc: 'How long credentials for TURN are good for. Longer spares clients from asking again during a call; shorter ends sooner what leaked ones are good for.',
  }),
})

export type ExternalServicesConfig = z.output<typeof externalServicesConfig>
