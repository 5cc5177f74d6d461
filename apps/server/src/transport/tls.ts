import { constants, createHash, X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { SecureContextOptions, TLSSocket, TLSSocketOptions } from 'node:tls'
import { readTlsFiles } from '@drawbridge/runtime'
import { generate } from 'selfsigned'
import type { ChannelBindings } from './connection.ts'

/** TLS 1.2 only with forward secrecy and AEAD; TLS 1.3 brings its own list. */
const CIPHERS =
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:' +
  'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:' +
  'ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256'

/** No SHA-1, in handshakes neither. */
const SIGNATURES =
  'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:' +
  'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512'

/** Keys of session tickets live so long, so that a stolen one opens little of what was recorded (threats TL-09). */
const TICKET_KEYS_MS = 24 * 3_600_000

export interface Tls {
  /** Certificate, key and what is allowed in a handshake, as they are now. */
  readonly contextOptions: SecureContextOptions
  /** Options for wrapping one accepted socket. */
  serverOptions(): TLSSocketOptions
  bindingsOf(socket: TLSSocket): ChannelBindings
  /**
   * Looks whether the operator's files have changed, and takes them for new handshakes; connections that stand go on as
   * they are (threats TL-07). Rejects with `ConfigError` when they cannot be used: then everything stays as it was.
   */
  refresh(): Promise<void>
  /** Called with every new `contextOptions`, for listeners that keep a context of their own. */
  onRefresh(listener: (options: SecureContextOptions) => void): void
}

export interface TlsSource {
  readonly certificateFile: string | undefined
  readonly keyFile: string | undefined
  readonly secretsDirectory: string
  readonly domain: string
}

/**
 * Reads the operator's certificate, or makes a self-signed one on the first start and keeps it.
 *
 * @throws ConfigError when the operator's files cannot be read or do not belong together.
 */
export async function loadTls(source: TlsSource, now: () => number = Date.now): Promise<Tls> {
  let pair = await loadKeyPair(source)
  let contextOptions = optionsFor(pair)
  let context = createSecureContext(contextOptions)
  let madeAt = now()
  const listeners: ((options: SecureContextOptions) => void)[] = []
  return {
    get contextOptions() {
      return contextOptions
    },
    serverOptions: () => ({
      isServer: true,
      secureContext: context,
      ALPNProtocols: ['xmpp-client'],
      requestCert: false,
    }),
    bindingsOf(socket) {
      // Of this connection: the certificate may have been replaced since its handshake began.
      const certificate = socket.getX509Certificate()
      if (!certificate) throw new Error('a server without certificate')
      return {
        ...(socket.getProtocol() === 'TLSv1.3'
          ? { 'tls-exporter': socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) }
          : {}),
        'tls-server-end-point': endPointBinding(certificate),
      }
    },
    async refresh() {
      const found = await loadKeyPair(source)
      const isSame = found.certificate === pair.certificate && found.key === pair.key
      if (isSame && now() - madeAt < TICKET_KEYS_MS) return
      pair = found
      contextOptions = optionsFor(pair)
      context = createSecureContext(contextOptions)
      madeAt = now()
      for (const listener of listeners) listener(contextOptions)
    },
    onRefresh: (listener) => void listeners.push(listener),
  }
}

interface KeyPair {
  readonly certificate: string
  readonly key: string
}

function optionsFor({ certificate, key }: KeyPair): SecureContextOptions {
  return {
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    sigalgs: SIGNATURES,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
}

async function loadKeyPair(source: TlsSource): Promise<KeyPair> {
  const { certificateFile, keyFile, secretsDirectory, domain } = source
  const own = readTlsFiles({ tlsCert: certificateFile, tlsKey: keyFile })
  if (own !== undefined) return own
  const certPath = join(secretsDirectory, 'tls-certificate.pem')
  const keyPath = join(secretsDirectory, 'tls-key.pem')
  try {
    const [certificate, key] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')])
    if (new X509Certificate(certificate).checkHost(domain) !== undefined) return { certificate, key }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const notBeforeDate = new Date()
  const notAfterDate = new Date(notBeforeDate)
  notAfterDate.setFullYear(notAfterDate.getFullYear() + 2)
  const made = await generate([{ name: 'commonName', value: domain }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: domain },
          ...(domain === 'localhost' ? [{ type: 7 as const, ip: '127.0.0.1' }] : []),
        ],
      },
    ],
  })
  await mkdir(secretsDirectory, { recursive: true, mode: 0o700 })
  await writeFile(keyPath, made.private, { mode: 0o600 })
  await writeFile(certPath, made.cert, { mode: 0o644 })
  return { certificate: made.cert, key: made.private }
}

/** RFC 5929 §4.1: the certificate's own hash function, with SHA-256 in the place of MD5 and SHA-1. */
function endPointBinding({ raw, signatureAlgorithm }: X509Certificate): Buffer {
  const algorithm = /sha(?:-?)(384|512)/i.exec(signatureAlgorithm ?? '')?.[1]
  return createHash(algorithm ? `sha${algorithm}` : 'sha256')
    .update(raw)
    .digest()
}

const TLS_VERSIONS: Readonly<Record<string, string>> = { 'TLSv1.2': '0303', 'TLSv1.3': '0304' }

/** The version number on the wire (RFC 8446 §4.1.2) in hexadecimal. */
export function tlsVersionOf(socket: TLSSocket): string | undefined {
  return TLS_VERSIONS[socket.getProtocol() ?? '']
}
