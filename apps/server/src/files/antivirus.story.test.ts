import { silentLog } from '@drawbridge/runtime'
import { EICAR } from '@drawbridge/testkit/files'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasProgram, startClamd, startIcap } from '../../test/antivirus-engines.ts'
import type { Engine } from '../../test/antivirus-engines.ts'
import { fileHttp } from '../../test/files.ts'
import { administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'
import { antivirusConfig } from './antivirus.config.ts'
import { checkAntivirus, createAntivirus } from './antivirus.ts'

const SIGNATURES = { 'Test.Eicar': 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE' }
const at = (...engines: string[]) => createAntivirus(antivirusConfig.parse({ engines, timeoutMs: 1_000 }), silentLog)!

describe.skipIf(!hasProgram('clamd'))('a real clamd (needs clamav-daemon)', () => {
  let clamd: Engine
  beforeAll(async () => {
    clamd = await startClamd(SIGNATURES)
  })
  afterAll(() => clamd[Symbol.asyncDispose]())

  test('finds what is in its database, and nothing else', async () => {
    const antivirus = at(clamd.address)
    expect(await antivirus.scan(Buffer.from(EICAR))).toBe('infected')
    expect(await antivirus.scan(Buffer.from('harmless'))).toBe('clean')
    expect(await antivirus.scan(randomBytes(900_000))).toBe('clean')
    expect(await checkAntivirus(antivirus)).toMatchObject({ isOk: true, detail: expect.stringMatching(/^ClamAV \d/) })
  })

  test('is not asked to look at what it takes no more of', async () => {
    expect(await at(clamd.address).scan(randomBytes(1_500_000))).toBe('unavailable')
  })

  test('an infected file is refused, named to the sender, and never served', async () => {
    await using s = await story(
      { alice: 1 },
      {
        doesJobs: true,
        sanitize: () => ({ outcome: 'not-an-image' }),
        settings: { antivirus: { engines: [clamd.address] } },
      },
    )
    await using http = await fileHttp(s.server)
    const put = await http.upload(s.alice, 'invoice.txt', EICAR)
    expect(put.status).toBe(422)
    expect(JSON.parse(put.body)).toMatchObject({ type: '/problems/file-type-refused', reason: 'infected' })
    expect((await http.send('GET', put.url)).status).toBe(404)
    expect((await http.upload(s.alice, 'notes.txt', 'harmless')).status).toBe(201)
  })

  test('a verdict is kept as long as the engine and its database are the same', async () => {
    const own = await startClamd({ 'Test.Word': 'dangerous' })
    const antivirus = at(own.address)
    expect(await antivirus.scan(Buffer.from('dangerous'))).toBe('infected')
    await own[Symbol.asyncDispose]()
    // Without the engine nobody knows whether its database is still the same one.
    expect(await antivirus.scan(Buffer.from('dangerous'))).toBe('unavailable')
  })
})

describe('UP-11 an engine that is down', () => {
  const NOWHERE = 'clamd:///nowhere/clamd.ctl'
  const withEngine = (address: string) =>
    story(
      { alice: 1 },
      {
        doesJobs: true,
        sanitize: () => ({ outcome: 'not-an-image' }),
        settings: { antivirus: { engines: [address] } },
      },
    )

  test('lets no file pass, and the sender is told to try later', async () => {
    await using s = await withEngine(NOWHERE)
    await using http = await fileHttp(s.server)
    const put = await http.upload(s.alice, 'notes.txt', 'harmless')
    expect(put.status).toBe(503)
    expect(JSON.parse(put.body)).toMatchObject({ type: '/problems/file-type-refused', reason: 'unscanned' })
    expect((await http.send('GET', put.url)).status).toBe(404)
  })

  test('lets files pass where the policy says so, and the administrators see that it is down', async () => {
    await using s = await withEngine(NOWHERE)
    await using http = await fileHttp(s.server)
    const admin = administratorOf(s.server)
    const { policy } = await admin('getMediaPolicy', {})
    await admin('setMediaPolicy', {}, { ...policy, antivirus: 'open' })
    expect((await http.upload(s.alice, 'notes.txt', 'harmless')).status).toBe(201)
    const { checks, state } = await admin('getStatus', {})
    expect(checks).toContainEqual({ name: 'antivirus', isOk: false, detail: expect.stringContaining('ENOENT') })
    expect(state).toBe('degraded')
  })

  test.skipIf(!hasProgram('clamd'))('and comes back during the wait is used (needs clamav-daemon)', async () => {
    const first = await startClamd(SIGNATURES)
    await first.stop()
    const antivirus = at(first.address)
    const scan = antivirus.scan(Buffer.from(EICAR))
    await using _again = await startClamd(SIGNATURES, first.address.slice('clamd://'.length, -'/clamd.ctl'.length))
    expect(await scan).toBe('infected')
  })
})

test.skipIf(!hasProgram('c-icap'))('a real ICAP service is asked in its words (needs c-icap)', async () => {
  await using icap = await startIcap()
  const antivirus = at(icap.address)
  expect(await antivirus.scan(Buffer.from('harmless'))).toBe('clean')
  expect(await antivirus.scan(randomBytes(300_000))).toBe('clean')
  expect(await antivirus.scan(Buffer.alloc(0))).toBe('clean')
  expect(await checkAntivirus(antivirus)).toMatchObject({ isOk: true })
})
