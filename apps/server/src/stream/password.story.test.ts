import { insertAccount, listCredentials, openDatabase, putCredentials, setCredentials, uuidv7 } from '@drawbridge/db'
import type { Database } from '@drawbridge/db'
import { testDatabase } from '@drawbridge/testkit'
import type { TestDatabase } from '@drawbridge/testkit'
import { hash } from 'argon2'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPasswords } from './password.ts'
import type { Passwords } from './password.ts'
import { deriveVerifier, encodeVerifier } from './scram.ts'
import { sealerFrom } from './seal.ts'

const PASSWORD = 'correct horse'
const sealer = sealerFrom(randomBytes(32))
let disposable: TestDatabase
let database: Database
let passwords: Passwords
const faults: unknown[] = []

beforeAll(async () => {
  disposable = await testDatabase()
  database = openDatabase(disposable.url)
  passwords = createPasswords({
    db: database.db,
    domain: 'im.test',
    sealer,
    scramIterations: 10_000,
    onError: (error) => faults.push(error),
  })
})
afterAll(async () => {
  await database.close()
  await disposable[Symbol.asyncDispose]()
  expect(faults).toEqual([])
})

let people = 0
async function person(): Promise<string> {
  const id = uuidv7()
  const localpart = `person${++people}`
  await insertAccount(database.db, { localpart, credentials: await passwords.make({ id, localpart }, PASSWORD) }, id)
  return id
}

const sealed = (id: string, mechanism: string, bytes: Buffer) => ({
  mechanism,
  sealed: sealer.seal(bytes, `${id}\0${mechanism}`),
})

/** Replaces the SCRAM verifier by one with these rounds, as an import would. */
async function importWith(id: string, iterations: number): Promise<void> {
  const verifier = await deriveVerifier(PASSWORD, { family: 'SCRAM-SHA-256', iterations: 4_096 })
  const bytes = encodeVerifier({ ...verifier, iterations })
  const argon = sealed(id, 'argon2id', Buffer.from(await hash(PASSWORD, { memoryCost: 8_192, timeCost: 1 })))
  await setCredentials(database.db, id, [argon, sealed(id, 'SCRAM-SHA-256', bytes)])
}

const scramOf = async (id: string) => (await passwords.load(id, 'name')).scram('SCRAM-SHA-256')

test.each([1, 4_095, 2 ** 31])(
  'AU-26 an imported verifier with %i rounds is refused like none at all',
  async (rounds) => {
    const id = await person()
    await importWith(id, rounds)
    const { verifier, isReal } = await scramOf(id)
    expect(isReal).toBe(false)
    expect(verifier.iterations).toBe(10_000)
  },
)

test.each([1, 4_096])('AU-26 one with %i rounds is made anew when the password is seen', async (rounds) => {
  const id = await person()
  await importWith(id, rounds)
  expect(await passwords.verify(id, 'wrong password')).toBe(false)
  const before = await listCredentials(database.db, id)
  expect(await passwords.verify(id, PASSWORD)).toBe(true)
  while ((await scramOf(id)).verifier.iterations !== 10_000 || !(await scramOf(id)).isReal);
  expect((await scramOf(id)).isReal).toBe(true)
  const after = await listCredentials(database.db, id)
  expect(after.get('argon2id')).not.toEqual(before.get('argon2id'))
  expect(await passwords.verify(id, PASSWORD)).toBe(true)
})

test('what is as good as it can be is left alone', async () => {
  const id = await person()
  const before = await listCredentials(database.db, id)
  expect(await passwords.verify(id, PASSWORD)).toBe(true)
  expect(await listCredentials(database.db, id)).toEqual(before)
})

test('AU-23 a verifier made from the password of yesterday does not replace the one of today', async () => {
  const id = await person()
  const yesterday = await listCredentials(database.db, id)
  const verifiers = await passwords.load(id, 'name')
  await setCredentials(database.db, id, await passwords.make({ id, localpart: 'name' }, 'another password'))
  const made = await deriveVerifier(PASSWORD, { family: 'SCRAM-SHA-256', iterations: 10_000 })
  expect(await verifiers.add(made, 'SCRAM-SHA-256')).toBe(false)
  const provedWith = { mechanism: 'argon2id', sealed: yesterday.get('argon2id')! }
  expect(await putCredentials(database.db, id, [provedWith], provedWith)).toBe(false)
  expect(await passwords.verify(id, PASSWORD)).toBe(false)
})

test('ST-03, threats §3.1: a verifier opens only in its own place', async () => {
  const [alice, bob] = [await person(), await person()]
  const stolen = (await listCredentials(database.db, alice)).get('SCRAM-SHA-256')!
  await setCredentials(database.db, bob, [{ mechanism: 'SCRAM-SHA-256', sealed: stolen }])
  await expect(passwords.load(bob, 'bob').then((verifiers) => verifiers.scram('SCRAM-SHA-256'))).rejects.toThrow()
})

test('AU-14 a decoy is the same every time, another one for another name, and not for another mechanism', async () => {
  const of = async (name: string) => (await passwords.load(undefined, name)).scram('SCRAM-SHA-256').verifier
  expect(await of('nobody')).toEqual(await of('nobody'))
  expect((await of('nobody')).salt).not.toEqual((await of('no-one')).salt)
  const sha1 = (await passwords.load(undefined, 'nobody')).scram('SCRAM-SHA-1').verifier
  expect(sha1.salt).not.toEqual((await of('nobody')).salt)
  expect(sha1.storedKey).toHaveLength(20)
})
