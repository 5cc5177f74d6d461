import { domainToASCII } from 'node:url'
import * as z from 'zod'
import { LOG_LEVELS } from './log.ts'
import { boolean, port } from './values.ts'

/** Addresses that never leave this machine: plain http and plaintext XMPP are allowed there only. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address)
}

const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/\S+$/, 'expected a URL such as postgres://user:password@host/database')
const redisUrl = z.string().regex(/^rediss?:\/\/\S+$/, 'expected a URL such as redis://host:6379')

/** Settings that several processes read. A process composes its own schema as `z.object({ common: commonConfig, … })`. */
export const commonConfig = z
  .object({
    dataDir: z.string().min(1).default('./data').meta({
      env: 'DRAWBRIDGE_DATA_DIR',
      doc: 'Directory of everything that is kept: database, files, keys. Back it up as one. Must be on a local disk.',
    }),
    domain: z
      .string()
      .transform((name) => domainToASCII(name.toLowerCase()))
      .refine(
        (name) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name),
        'expected a domain name such as im.example.org',
      )
      .default('localhost')
      .meta({
        env: 'DRAWBRIDGE_DOMAIN',
        doc: 'The domain of all addresses (alice@domain). Changing it later orphans every existing account.',
      }),
    bind: z
      .union([z.ipv4(), z.ipv6(), z.literal('localhost')], { error: 'expected an IP address' })
      .default('127.0.0.1')
      .meta({
        env: 'DRAWBRIDGE_BIND',
        doc: 'Address to listen on. On a loopback address the HTTP port speaks plain http; on any other it speaks https. `0.0.0.0` or `::` serves the network.',
      }),
    httpPort: port.default(5280).meta({
      env: 'DRAWBRIDGE_HTTP_PORT',
      doc: 'Port of the web client, the WebSocket, uploads and the administration API. 0 takes any free one.',
    }),
    c2sPort: port.default(5222).meta({
      env: 'DRAWBRIDGE_C2S_PORT',
      doc: 'Port for XMPP clients with STARTTLS (RFC 6120). 0 takes any free one. Clients look for 5222 first.',
    }),
    c2sTlsPort: port.default(5223).meta({
      env: 'DRAWBRIDGE_C2S_TLS_PORT',
      doc: 'Port for XMPP clients with direct TLS (XEP-0368). 0 takes any free one.',
    }),
    databaseUrl: postgresUrl.optional().meta({
      env: 'DRAWBRIDGE_DATABASE_URL',
      secret: true,
      doc: 'A PostgreSQL of yours instead of the embedded one. You then back it up, tune it and upgrade it.',
    }),
    migration: z
      .string()
      .regex(/^\d{12}_[a-z0-9_]+\.sql$/, 'is not the name of a migration')
      .optional()
      .meta({
        env: 'DRAWBRIDGE_MIGRATION',
        doc: 'The last migration that has to be applied before the server begins: until then it waits, as it does for a database that does not answer. `drawbridge up` sets it.',
      }),
    redisUrl: redisUrl.optional().meta({
      env: 'DRAWBRIDGE_REDIS_URL',
      secret: true,
      doc: 'A Redis or Valkey for jobs instead of PostgreSQL. Faster queues, one more service to run. Needs DRAWBRIDGE_DATABASE_URL.',
    }),
    tlsCert: z.string().min(1).optional().meta({
      env: 'DRAWBRIDGE_TLS_CERT',
      doc: 'PEM file with the certificate chain. Without it a self-signed certificate is made and kept, which clients must be told to trust.',
    }),
    tlsKey: z.string().min(1).optional().meta({
      env: 'DRAWBRIDGE_TLS_KEY',
      doc: 'PEM file with the private key of DRAWBRIDGE_TLS_CERT.',
    }),
    webDir: z.string().min(1).optional().meta({
      env: 'DRAWBRIDGE_WEB_DIR',
      doc: 'Directory of a built web client to serve instead of the own one, which `drawbridge up` builds when it changed.',
    }),
    adminDir: z.string().min(1).optional().meta({
      env: 'DRAWBRIDGE_ADMIN_DIR',
      doc: 'Directory of a built administration console to serve at `/admin` instead of the own one, which `drawbridge up` builds when it changed.',
    }),
    hasPreviews: boolean.default(false).meta({
      env: 'DRAWBRIDGE_PREVIEWS',
      doc: 'Whether links have previews, and images on other hosts are fetched and delivered as files of this server. Then a process of its own fetches public pages and images that people link to, which shows their operators that somebody here did. Off: nothing here ever connects to the web, as on a site without one. For whom is in the media policy (`externalMedia: proxy`).',
    }),
    allowPlaintext: boolean.default(false).meta({
      env: 'DRAWBRIDGE_ALLOW_PLAINTEXT',
      doc: 'Lets XMPP clients sign in without TLS. For benchmarks and tests; refused unless DRAWBRIDGE_BIND is a loopback address.',
    }),
    logLevel: z
      .enum(LOG_LEVELS, { error: `expected one of ${LOG_LEVELS.join(', ')}` })
      .default('info')
      .meta({
        env: 'DRAWBRIDGE_LOG_LEVEL',
        doc: 'Least severe log lines written: debug, info, warn or error. `debug` explains more and costs throughput.',
      }),
  })
  .superRefine((config, context) => {
    const refuse = (field: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message, params: { sentence: true } })
    if (config.redisUrl !== undefined && config.databaseUrl === undefined) {
      refuse(
        'redisUrl',
        'DRAWBRIDGE_REDIS_URL needs DRAWBRIDGE_DATABASE_URL: with Redis, the database must be yours as well.',
      )
    }
    if (config.allowPlaintext && !isLoopback(config.bind)) {
      refuse(
        'allowPlaintext',
        `DRAWBRIDGE_ALLOW_PLAINTEXT is refused because DRAWBRIDGE_BIND (${config.bind}) is not a loopback address.`,
      )
    }
    if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
      refuse('tlsCert', 'DRAWBRIDGE_TLS_CERT and DRAWBRIDGE_TLS_KEY go together: set both or neither.')
    }
  })

export type CommonConfig = z.output<typeof commonConfig>
