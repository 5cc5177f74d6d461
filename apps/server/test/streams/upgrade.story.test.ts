import { openDatabase } from '@drawbridge/db'
import { pbkdf2Sync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dialTls } from './line.ts'
import type { TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  ANSWER2,
  bind2,
  conditionIn,
  jidIn,
  plain2,
  requestToken,
  scram2,
  tokenIn,
  tokenSignIn,
  userAgent,
} from './sasl2.ts'
import { open, openTls, scram } from './sign-in.ts'

// XEP-0480, and SCRAM with the other hash functions, which are offered by setting only.

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false, stream: { scramSha1: true, scramSha512: true } })
})

afterAll(() => server[Symbol.asyncDispose]())

let name: string
let count = 0
beforeEach(async () => {
  name = `person${++count}`
  await server.account(name)
})

/** As after an import: the account has these verifiers and no others. */
async function keepOnly(...mechanisms: string[]): Promise<void> {
  await using database = openDatabase(server.databaseUrl)
  await database.pool.query(
    `delete from credential using account where account.id = account_id and localpart = $1 and mechanism <> all($2)`,
    [name, mechanisms],
  )
}

const overTls = () => openTls(server.c2sTlsPort)

const upgrade = (task: string) => `<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>${task}</upgrade>`
const next = (task: string) => `<next xmlns='urn:xmpp:sasl:2' task='${task}'/>`
const taskData = (hash: Buffer) =>
  `<task-data xmlns='urn:xmpp:sasl:2'><hash xmlns='urn:xmpp:scram-upgrade:0'>${hash.toString('base64')}</hash></task-data>`
const UPGRADE_256 = upgrade('UPGR-SCRAM-SHA-256')
const UPGRADE_512 = upgrade('UPGR-SCRAM-SHA-512')

/** What the server gives for a task, salted with the password. */
function salted(answer: string, digest: 'sha256' | 'sha512', password: string): Buffer {
  const [, iterations, salt = ''] =
    /^<task-data xmlns="urn:xmpp:sasl:2"><salt xmlns="urn:xmpp:scram-upgrade:0" iterations="(\d+)">([^<]+)<\/salt><\/task-data>$/.exec(
      answer,
    ) ?? []
  return pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), digest === 'sha256' ? 32 : 64, digest)
}

async function canSignIn(mechanism: 'SCRAM-SHA-1' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'): Promise<boolean> {
  const line = await overTls()
  const outcome = await scram(line, name, undefined, { mechanism })
  line.destroy()
  return outcome.includes('<success')
}

describe('mechanisms by setting', () => {
  test('XEP-0480 §2.1: they are offered the strongest first, with the tasks that lead to them', async () => {
    const line = await dialTls(server.c2sTlsPort)
    const features = await open(line)
    const offered = [...(/<authentication.*?<inline>/s.exec(features)?.[0] ?? '').matchAll(/<mechanism>([^<]+)/g)]
    expect(offered.map(([, mechanism]) => mechanism)).toEqual([
      'SCRAM-SHA-512-PLUS',
      'SCRAM-SHA-256-PLUS',
      'SCRAM-SHA-512',
      'SCRAM-SHA-256',
      'SCRAM-SHA-1-PLUS',
      'SCRAM-SHA-1',
      'PLAIN',
    ])
    expect([...features.matchAll(/<upgrade xmlns="urn:xmpp:sasl:upgrade:0">([^<]+)/g)].map(([, task]) => task)).toEqual(
      ['UPGR-SCRAM-SHA-512', 'UPGR-SCRAM-SHA-256'],
    )
    line.destroy()
  })

  test.each(['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('%s signs in', async (mechanism) => {
    expect(await canSignIn(mechanism)).toBe(true)
  })
})

describe('XEP-0480 SASL upgrade tasks', () => {
  test('XEP-0480 §3: who was imported with SCRAM-SHA-1 gets SCRAM-SHA-256 on the way in, and binds', async () => {
    await keepOnly('SCRAM-SHA-1')
    expect(await canSignIn('SCRAM-SHA-256')).toBe(false)
    const line = await overTls()
    const first = await scram2(line, name, { mechanism: 'SCRAM-SHA-1', inside: UPGRADE_256 + bind2('Test') })
    expect(first).toMatch(
      /^<continue xmlns="urn:xmpp:sasl:2"><additional-data>[^<]+<\/additional-data><tasks><task>UPGR-SCRAM-SHA-256<\/task><\/tasks><\/continue>$/,
    )
    line.send(next('UPGR-SCRAM-SHA-256'))
    line.send(taskData(salted(await line.until(ANSWER2), 'sha256', `${name}-password`)))
    const last = await line.until(ANSWER2)
    expect(jidIn(last)).toMatch(new RegExp(`^${name}@im.test/Test/`))
    expect(last).not.toContain('additional-data')
    line.destroy()
    // §4: "the server SHOULD keep the older authentication data".
    expect([await canSignIn('SCRAM-SHA-256'), await canSignIn('SCRAM-SHA-1')]).toEqual([true, true])
  })

  test('XEP-0480 §2.2: several tasks follow one another', async () => {
    await keepOnly('SCRAM-SHA-1')
    const line = await overTls()
    await scram2(line, name, { mechanism: 'SCRAM-SHA-1', inside: UPGRADE_256 + UPGRADE_512 })
    line.send(next('UPGR-SCRAM-SHA-512'))
    line.send(taskData(salted(await line.until(ANSWER2), 'sha512', `${name}-password`)))
    expect(await line.until(ANSWER2)).toContain('<task>UPGR-SCRAM-SHA-256</task>')
    line.send(next('UPGR-SCRAM-SHA-256'))
    line.send(taskData(salted(await line.until(ANSWER2), 'sha256', `${name}-password`)))
    expect(await line.until(ANSWER2)).toContain('<success')
    expect([await canSignIn('SCRAM-SHA-256'), await canSignIn('SCRAM-SHA-512')]).toEqual([true, true])
    line.destroy()
  })

  test('who has everything, or asks for nothing, or for what is not offered, is in at once', async () => {
    for (const inside of [UPGRADE_256 + UPGRADE_512, '', upgrade('UPGR-BLOOP2')]) {
      const line = await overTls()
      expect(await scram2(line, name, { mechanism: 'SCRAM-SHA-1', inside })).toContain('<success')
      line.destroy()
    }
  })

  test.each([
    ['another task', (line: TcpLine) => line.send(next('UPGR-SCRAM-SHA-512'))],
    ['a result without beginning', (line: TcpLine) => line.send(taskData(Buffer.alloc(32)))],
    [
      'a result of another length',
      async (line: TcpLine) => {
        line.send(next('UPGR-SCRAM-SHA-256'))
        await line.until(ANSWER2)
        line.send(taskData(Buffer.alloc(31)))
      },
    ],
    ['an answer to the mechanism', (line: TcpLine) => line.send(`<response xmlns='urn:xmpp:sasl:2'/>`)],
  ])('%s is malformed, signs nobody in and stores nothing', async (_what, act) => {
    await keepOnly('SCRAM-SHA-1')
    const line = await overTls()
    await scram2(line, name, { mechanism: 'SCRAM-SHA-1', inside: UPGRADE_256 })
    act(line)
    expect(conditionIn(await line.until(ANSWER2))).toBe('malformed-request')
    expect(await canSignIn('SCRAM-SHA-256')).toBe(false)
    line.destroy()
  })

  test('AU-23 a password that changes during a task wins over it', async () => {
    await keepOnly('SCRAM-SHA-1')
    const line = await overTls()
    await scram2(line, name, { mechanism: 'SCRAM-SHA-1', inside: UPGRADE_256 })
    line.send(next('UPGR-SCRAM-SHA-256'))
    const answer = await line.until(ANSWER2)
    await server.admin('PUT', `/api/v1/accounts/${name}/password`, { password: 'another password' })
    line.send(taskData(salted(answer, 'sha256', `${name}-password`)))
    expect(conditionIn(await line.until(ANSWER2))).toBe('not-authorized')
    expect(await canSignIn('SCRAM-SHA-256')).toBe(false)
    line.destroy()
  })

  test('a token is no password: who has one cannot set verifiers with it', async () => {
    const signingIn = await overTls()
    const token = tokenIn(await scram2(signingIn, name, { inside: userAgent('u') + requestToken('HT-SHA-256-NONE') }))
    signingIn.destroy()
    await keepOnly('SCRAM-SHA-1')
    const line = await overTls()
    expect(await tokenSignIn(line, { name, token: token ?? '', agent: 'u', inside: UPGRADE_256 })).toContain('<success')
    expect(await canSignIn('SCRAM-SHA-256')).toBe(false)
    line.destroy()
  })
})

test('threats §3.6: PLAIN makes the verifiers that are missing', async () => {
  await keepOnly('argon2id')
  const line = await overTls()
  line.send(plain2(name))
  expect(await line.until(ANSWER2)).toContain('<success')
  // Nobody waits for it, so it may take a moment.
  while (!(await canSignIn('SCRAM-SHA-256')));
  line.destroy()
})

test('nothing of ours has failed', () => {
  expect(server.complaints).toEqual([])
})
