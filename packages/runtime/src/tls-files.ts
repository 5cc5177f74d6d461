import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from './config.ts'

/** Paths of two PEM files; both or neither, as `commonConfig` makes sure. */
export interface TlsFiles {
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

/**
 * Reads the certificate chain and the private key that an operator names, and checks that they belong together.
 *
 * @returns both as PEM; undefined when none are named.
 * @throws ConfigError that names the setting and the file.
 */
export function readTlsFiles({ tlsCert, tlsKey }: TlsFiles): { certificate: string; key: string } | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  const faults: string[] = []
  const certificate = read('DRAWBRIDGE_TLS_CERT', tlsCert, 'a certificate', (pem) => new X509Certificate(pem), faults)
  const key = read('DRAWBRIDGE_TLS_KEY', tlsKey, 'a private key without a passphrase', createPrivateKey, faults)
  if (certificate === undefined || key === undefined) throw new ConfigError(faults)
  if (!certificate.value.checkPrivateKey(key.value)) {
    throw new ConfigError([
      `The key in ${tlsKey} (DRAWBRIDGE_TLS_KEY) is not the key of the certificate in ${tlsCert} (DRAWBRIDGE_TLS_CERT).`,
    ])
  }
  return { certificate: certificate.pem, key: key.pem }
}

function read<T>(env: string, path: string, what: string, decode: (pem: string) => T, faults: string[]) {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    faults.push(`${env} names ${path}, which ${READ_FAULTS[code ?? ''] ?? `cannot be read (${code ?? message})`}.`)
    return undefined
  }
  try {
    return { pem, value: decode(pem) }
  } catch {
    // OpenSSL's own reason names lines of its source, and could quote a key.
    faults.push(`${env} names ${path}, which does not hold ${what} in PEM.`)
    return undefined
  }
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'this account may not read',
  EISDIR: 'is a directory',
}
