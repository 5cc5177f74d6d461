import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { commonConfig } from './common.config.ts'
import { ConfigError, listFields, loadConfig } from './config.ts'
import { unknownSettings } from './unknown-settings.ts'
import { boolean, bytes, duration, list, port, written } from './values.ts'

const schema = z.object({ common: commonConfig })

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(schema, { env })
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'drawbridge-config-'))))
afterEach(() => rmSync(directory, { recursive: true }))

function file(name: string, text: string): string {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

describe('reading the configuration', () => {
  test('an empty environment gives the defaults', () => {
    expect(loadConfig(schema, { env: {} }).common).toEqual({
      dataDir: './data',
      domain: 'localhost',
      hasPreviews: false,
      bind: '127.0.0.1',
      httpPort: 5280,
      c2sPort: 5222,
      c2sTlsPort: 5223,
      allowPlaintext: false,
      logLevel: 'info',
    })
  })

  test('the environment wins over the file, the file over the default', () => {
    const path = file('drawbridge.json', JSON.stringify({ http_port: 8080, domain: 'file.test' }))
    const { common } = loadConfig(schema, { env: { DRAWBRIDGE_CONFIG: path, DRAWBRIDGE_DOMAIN: 'im.test' } })
    expect([common.domain, common.httpPort, common.c2sPort]).toEqual(['im.test', 8080, 5222])
  })

  test('an empty variable counts as absent', () => {
    expect(loadConfig(schema, { env: { DRAWBRIDGE_HTTP_PORT: '' } }).common.httpPort).toBe(5280)
  })

  test('a secret comes from the file that its _FILE variable names', () => {
    const path = file('url', 'postgres://drawbridge:hunter2@db.test/drawbridge\n')
    const { common } = loadConfig(schema, { env: { DRAWBRIDGE_DATABASE_URL_FILE: path } })
    expect(common.databaseUrl).toBe('postgres://drawbridge:hunter2@db.test/drawbridge')
  })

  test('a secret in the configuration file is refused', () => {
    const path = file('drawbridge.json', JSON.stringify({ database_url: 'postgres://db.test/x' }))
    expect(faultsOf({ DRAWBRIDGE_CONFIG: path })).toEqual([
      expect.stringMatching(/^DRAWBRIDGE_DATABASE_URL is a secret/),
    ])
  })

  test('all faults are reported together, one sentence each, with the name that people set', () => {
    expect(
      faultsOf({ DRAWBRIDGE_HTTP_PORT: 'http', DRAWBRIDGE_BIND: 'everywhere', DRAWBRIDGE_LOG_LEVEL: 'loud' }),
    ).toEqual([
      'DRAWBRIDGE_BIND is "everywhere": expected an IP address.',
      'DRAWBRIDGE_HTTP_PORT is "http": expected a port from 0 to 65535.',
      'DRAWBRIDGE_LOG_LEVEL is "loud": expected one of debug, info, warn, error.',
    ])
  })

  test('what a schema has no words for is told in ours, with the value', () => {
    const limits = z.object({
      lease: z.coerce.number().int().max(5_000).default(5_000).meta({ env: 'DRAWBRIDGE_LEASE', doc: 'A limit.' }),
      mode: z.enum(['a', 'b']).default('a').meta({ env: 'DRAWBRIDGE_MODE', doc: 'A mode.' }),
      socket: z.string().min(1).meta({ env: 'DRAWBRIDGE_SOCKET', doc: 'A path.' }),
    })
    expect(() => loadConfig(limits, { env: { DRAWBRIDGE_LEASE: '60000', DRAWBRIDGE_MODE: 'c' } })).toThrow(
      'DRAWBRIDGE_LEASE is 60000; it is at most 5000.\n' +
        'DRAWBRIDGE_MODE is "c"; it is one of a, b.\n' +
        'DRAWBRIDGE_SOCKET is missing.',
    )
  })

  test('a wrong secret is not shown', () => {
    expect(faultsOf({ DRAWBRIDGE_DATABASE_URL: 'hunter2' })).toEqual([
      'DRAWBRIDGE_DATABASE_URL cannot be used: expected a URL such as postgres://user:password@host/database.',
    ])
  })

  test('Redis without a database URL stops the start', () => {
    expect(faultsOf({ DRAWBRIDGE_REDIS_URL: 'redis://cache.test' })).toEqual([
      expect.stringMatching(/^DRAWBRIDGE_REDIS_URL needs DRAWBRIDGE_DATABASE_URL/),
    ])
  })

  test('plaintext is refused on an address that the network can reach', () => {
    expect(faultsOf({ DRAWBRIDGE_ALLOW_PLAINTEXT: 'true' })).toEqual([])
    expect(faultsOf({ DRAWBRIDGE_ALLOW_PLAINTEXT: 'true', DRAWBRIDGE_BIND: '0.0.0.0' })).toEqual([
      expect.stringMatching(/^DRAWBRIDGE_ALLOW_PLAINTEXT is refused/),
    ])
  })

  test('a certificate without its key is refused', () => {
    expect(faultsOf({ DRAWBRIDGE_TLS_CERT: 'cert.pem' })).toHaveLength(1)
  })

  test('a configuration file that is missing or not JSON is named', () => {
    expect(faultsOf({ DRAWBRIDGE_CONFIG: join(directory, 'gone.json') })[0]).toMatch(
      /gone\.json cannot be read \(ENOENT\)/,
    )
    expect(faultsOf({ DRAWBRIDGE_CONFIG: file('bad.json', '{') })[0]).toMatch(/bad\.json is not valid JSON/)
  })

  test('the result cannot be changed', () => {
    const config = loadConfig(schema, { env: {} })
    expect(() => Object.assign(config.common, { httpPort: 1 })).toThrow(TypeError)
  })

  test('every field of the common section has a name and a documentation', () => {
    for (const { meta } of listFields(schema)) expect([meta.env, meta.doc.length > 20]).toEqual([meta.env, true])
  })
})

describe('values as people write them', () => {
  test.each([
    ['15m', 900_000],
    ['500ms', 500],
    ['2h', 7_200_000],
    ['1.5s', 1_500],
    [250, 250],
    ['250', 250],
  ])('the duration %s is %d ms', (written, ms) => expect(duration.parse(written)).toBe(ms))
  test.each(['', 'soon', '15 parsecs', '-1s'])('the duration "%s" is refused', (written) =>
    expect(duration.safeParse(written).success).toBe(false),
  )
  test.each([
    ['10MB', 10_000_000],
    ['512KiB', 524_288],
    ['7', 7],
  ])('the size %s is %d bytes', (written, expected) => expect(bytes.parse(written)).toBe(expected))
  test.each([
    [duration.default(600_000).meta({ env: 'DRAWBRIDGE_X', doc: 'A time.' }), 600_000, '10m'],
    [duration.refine((ms) => ms > 0).default(604_800_000), 604_800_000, '7d'],
    [duration, 1_500, '1500ms'],
    [bytes.default(26_214_400), 26_214_400, '25MiB'],
    [bytes, 200_000_000, '200MB'],
    [bytes, 7, '7'],
    [port.default(5280), 5280, '5280'],
    [boolean.default(false), false, 'false'],
  ])('a default is written as people write it and read as the same', (field, value, text) => {
    expect(written(field, value)).toBe(text)
    expect(field.parse(text)).toBe(value)
  })
  test.each(['65536', '-1', '80.5', 'http', ''])('the port "%s" is refused', (written) =>
    expect(port.safeParse(written).success).toBe(false),
  )
  test('yes and no have several spellings', () => {
    expect(['yes', 'ON', '1', true, 'no', 'off', '0'].map((written) => boolean.parse(written))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
    expect(boolean.safeParse('maybe').success).toBe(false)
  })
  test('a list is separated by commas or spaces', () => expect(list.parse('a, b c')).toEqual(['a', 'b', 'c']))
})

test('a variable that is no setting is named with the one that was meant', () => {
  const env = {
    DRAWBRIDGE_HTTPPORT: '8080',
    DRAWBRIDGE_FLUX: '1',
    DRAWBRIDGE_EMPTY: '',
    DRAWBRIDGE_HTTP_PORT: '8080',
    DRAWBRIDGE_DATABASE_URL_FILE: '/run/url',
    DRAWBRIDGE_CONFIG: '/etc/drawbridge.json',
    DRAWBRIDGE_TEST_STRICT: '1',
    DRAWBRIDGE_SANITIZER_CHILDREN: '2',
    PATH: '/bin',
  }
  expect(unknownSettings(env, schema, { except: 'DRAWBRIDGE_SANITIZER_' })).toEqual([
    'DRAWBRIDGE_FLUX is not a setting and has no effect; docs/operate/config.md lists them.',
    'DRAWBRIDGE_HTTPPORT is not a setting and has no effect; did you mean DRAWBRIDGE_HTTP_PORT?',
  ])
  expect(unknownSettings(env, schema, { prefix: 'DRAWBRIDGE_SANITIZER_' })).toHaveLength(1)
})
