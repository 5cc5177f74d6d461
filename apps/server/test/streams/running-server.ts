import type { Sanitize } from '@drawbridge/contract'
import { migrateJobs } from '@drawbridge/jobs'
import { createLog, paths } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverConfig } from '../../src/server.config.ts'
import { startServer } from '../../src/server.ts'
import { dialTcp, dialTls, dialWebSocket } from './line.ts'
import type { Line, TcpLine } from './line.ts'

export interface ServerOptions {
  /** Signing in without TLS, which most of what is sent here does not depend on. */
  readonly allowPlaintext?: boolean
  /** Settings of the section `stream`. */
  readonly stream?: Readonly<Record<string, unknown>>
  /** Settings of the section `oidc`. */
  readonly oidc?: Readonly<Record<string, unknown>>
  /** Settings of the section `components`. */
  readonly components?: Readonly<Record<string, unknown>>
  /** Settings of the section `registration`. */
  readonly registration?: Readonly<Record<string, unknown>>
  /** Settings of the section `proxy`. */
  readonly proxy?: Readonly<Record<string, unknown>>
  /** Settings of the section `push`. */
  readonly push?: Readonly<Record<string, unknown>>
  /** Settings of the section `policy`. */
  readonly policy?: Readonly<Record<string, unknown>>
  /** Settings of the section `limits`. */
  readonly limits?: Readonly<Record<string, unknown>>
  /** Settings of the section `web`. */
  readonly web?: Readonly<Record<string, unknown>>
  /** Settings of the section `clientProof`. */
  readonly clientProof?: Readonly<Record<string, unknown>>
  /** Where the web client is that it serves. */
  readonly webDir?: string
  /** What the sanitizer would say. */
  readonly sanitize?: Sanitize
}

/** The whole server on free loopback ports, with a database of its own, for `im.test`. */
export interface RunningServer extends AsyncDisposable {
  readonly c2sPort: number
  readonly c2sTlsPort: number
  readonly httpPort: number
  /** For what only time or an accident does to the tables. */
  readonly databaseUrl: string
  /** 0 when no component can connect. */
  readonly componentPort: number
  /** Lines of the log at `warn` and above. */
  readonly complaints: string[]
  tcp(): Promise<TcpLine>
  tls(): Promise<TcpLine>
  webSocket(headers?: Readonly<Record<string, string>>): Promise<Line>
  /** Makes an account with the password `NAME-password`. */
  account(name: string, more?: { readonly isAdmin: boolean }): Promise<void>
  /** A request on the administrators' local socket. */
  admin(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>
}

export async function runServer({
  allowPlaintext = true,
  stream = {},
  registration = {},
  web = {},
  oidc = {},
  components = {},
  proxy = {},
  push = {},
  policy = {},
  limits = {},
  clientProof = {},
  webDir,
  sanitize,
}: ServerOptions = {}): Promise<RunningServer> {
  const database = await testDatabase()
  const directory = await mkdtemp(join(tmpdir(), 'streams-'))
  await migrateJobs(database.url)
  const ports = { httpPort: 0, c2sPort: 0, c2sTlsPort: 0 }
  const config = serverConfig.parse({
    common: { dataDir: directory, domain: 'im.test', databaseUrl: database.url, allowPlaintext, webDir, ...ports },
    stream: { scramIterations: 10_000, freeSignInFailures: 1_000, ...stream },
    clientProof,
    web,
    oidc,
    proxy,
    components,
    push,
    registration,
    limits,
    policy,
  })
  const complaints: string[] = []
  const server = await startServer(config, logInto(complaints), sanitize ? { sanitize } : {})
  const portOf = (address: string) => Number(address.split(':').at(-1))
  const { c2s, c2sTls, http } = server.addresses
  const [c2sPort, c2sTlsPort, httpPort] = [portOf(c2s), portOf(c2sTls), portOf(http)]
  const admin: RunningServer['admin'] = (method, path, body) =>
    callAdmin(paths(directory).adminSocket, method, path, body)
  return {
    c2sPort,
    c2sTlsPort,
    httpPort,
    databaseUrl: database.url,
    componentPort: Number(server.addresses.component?.split(':').at(-1) ?? 0),
    complaints,
    tcp: () => dialTcp(c2sPort),
    tls: () => dialTls(c2sTlsPort),
    webSocket: (headers) => dialWebSocket(httpPort, headers),
    admin,
    async account(name, more = { isAdmin: false }) {
      const { status } = await admin('POST', '/api/v1/accounts', { name, password: `${name}-password`, ...more })
      if (status >= 300) throw new Error(`no account ${name}: ${status}`)
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await database[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function logInto(complaints: string[]): Log {
  return createLog({ level: 'warn', write: (line) => void complaints.push(line) })
}

function callAdmin(socketPath: string, method: string, path: string, body: unknown) {
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const outgoing = request({ socketPath, method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
