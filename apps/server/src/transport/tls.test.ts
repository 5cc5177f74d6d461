import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generate } from 'selfsigned'
import { loadTls, type TlsSource } from './tls.ts'

let directory: string
let certificateFile: string
let keyFile: string
let otherKeyFile: string

async function pair(): Promise<{ cert: string; private: string }> {
  return generate([{ name: 'commonName', value: 'im.test' }], { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' })
}

function file(name: string, text: string): string {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

const source = (certificate: string, key: string): TlsSource => ({
  certificateFile: certificate,
  keyFile: key,
  secretsDirectory: directory,
  domain: 'im.test',
})

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'drawbridge-tls-'))
  const [one, other] = await Promise.all([pair(), pair()])
  certificateFile = file('cert.pem', one.cert)
  keyFile = file('key.pem', one.private)
  otherKeyFile = file('other.pem', other.private)
})
afterAll(() => rmSync(directory, { recursive: true }))

test("an operator's certificate and its key are used", async () => {
  const { contextOptions } = await loadTls(source(certificateFile, keyFile))
  expect(String(contextOptions.cert)).toMatch(/^-----BEGIN CERTIFICATE-----/)
})

test('files that are missing or hold something else are named with their settings', async () => {
  const wrong = file('wrong.pem', 'hunter2')
  await expect(loadTls(source('/nope/cert.pem', wrong))).rejects.toThrow(
    'DRAWBRIDGE_TLS_CERT names /nope/cert.pem, which does not exist.\n' +
      `DRAWBRIDGE_TLS_KEY names ${wrong}, which does not hold a private key without a passphrase in PEM.`,
  )
  await expect(loadTls(source(directory, keyFile))).rejects.toThrow(`names ${directory}, which is a directory.`)
})

test('a key of another certificate is refused', async () => {
  await expect(loadTls(source(certificateFile, otherKeyFile))).rejects.toThrow(
    `The key in ${otherKeyFile} (DRAWBRIDGE_TLS_KEY) is not the key of the certificate in ${certificateFile}`,
  )
})
