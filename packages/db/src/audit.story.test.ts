import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { keyIdOf } from './audit-chain.ts'
import { appendAudit, listAudit, signAudit, verifyAudit } from './audit.ts'
import { openDatabase } from './database.ts'

async function fixture(rows: number) {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await testDatabase())
  const { db, pool } = stack.use(openDatabase(url))
  for (let n = 1; n <= rows; n++) {
    await appendAudit(db, {
      actor: 'local:cli',
      action: 'start-suspension',
      target: `s${n}`,
      detail: { n, mode: 'hold' },
    })
  }
  return { db, pool, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('an untouched log is intact', async () => {
  await using at = await fixture(5)
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: true, checked: 5 })
  expect((await listAudit(at.db, 2)).map(({ seq }) => seq)).toEqual([5, 4])
  expect((await listAudit(at.db, 2, 3)).map(({ seq, target }) => `${seq} ${target}`)).toEqual(['2 s2', '1 s1'])
})

test('an empty log is intact', async () => {
  await using at = await fixture(0)
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: true, checked: 0 })
})

/** What whoever owns the table can do. */
const UNLOCK = 'alter table audit disable trigger user'

const FORGERIES: readonly [string, string, object][] = [
  [
    'a flipped byte in a detail',
    `update audit set detail = '{"n": 3, "mode": "cut"}' where seq = 3`,
    { seq: 3, fault: 'changed' },
  ],
  [
    'a flipped byte in a hash',
    `update audit set hash = set_byte(hash, 7, get_byte(hash, 7) # 1) where seq = 3`,
    { seq: 3, fault: 'changed' },
  ],
  ['another time', `update audit set at = at + interval '1 ms' where seq = 3`, { seq: 3, fault: 'changed' }],
  ['a removed row', `delete from audit where seq = 3`, { seq: 3, fault: 'missing' }],
  ['a removed first row', `delete from audit where seq = 1`, { seq: 1, fault: 'missing' }],
  ['a removed last row', `delete from audit where seq = 5`, { seq: 5, fault: 'missing' }],
  ['an emptied log', `delete from audit`, { seq: 1, fault: 'missing' }],
  ['a row moved to another number', `update audit set seq = 6 where seq = 5`, { seq: 5, fault: 'missing' }],
  [
    'a head that was set back',
    `delete from audit where seq = 5; update audit_head set seq = 4`,
    { seq: 4, fault: 'head' },
  ],
  ['no head', `delete from audit_head`, { seq: 5, fault: 'head' }],
]

test('one flipped byte, one missing row, and every other forgery is found, with the first row that does not fit', async () => {
  await using at = await fixture(5)
  for (const [what, forge, verdict] of FORGERIES) {
    const found = at.db.transaction(async (tx) => {
      await tx.execute(UNLOCK)
      for (const statement of forge.split(';')) await tx.execute(statement)
      throw new Found(await verifyAudit(tx))
    })
    await expect(found, what).rejects.toMatchObject({ verdict: { isIntact: false, ...verdict } })
  }
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: true })
})

test('no row can be changed, removed or truncated', async () => {
  await using at = await fixture(2)
  const changes = [
    `update audit set actor = 'x'`,
    'delete from audit where seq = 2',
    'truncate audit',
    'insert into audit select * from audit where seq = 1 on conflict (seq) do update set actor = excluded.target',
  ]
  for (const change of changes) await expect(at.pool.query(change), change).rejects.toMatchObject({ code: '42501' })
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: true, checked: 2 })
})

test('there is no change of a time that is too small to be found', async () => {
  await using at = await fixture(2)
  await at.pool.query(UNLOCK)
  const read = async () => (await at.pool.query<{ at: string }>('select at::text from audit where seq = 1')).rows[0]?.at
  const before = await read()
  await at.pool.query(`update audit set at = at + interval '1 microsecond' where seq = 1`)
  expect(await read()).toBe(before)
  await at.pool.query(`update audit set at = at + interval '1 millisecond' where seq = 1`)
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: false, seq: 1, fault: 'changed' })
})

/** Carries a verdict out of a transaction that is to be rolled back. */
class Found extends Error {
  readonly verdict: unknown
  constructor(verdict: unknown) {
    super('found')
    this.verdict = verdict
  }
}

test('a row that was rewritten with a fitting hash is found by the next one', async () => {
  await using at = await fixture(3)
  await using other = await fixture(0)
  await appendAudit(other.db, { actor: 'mallory', action: 'start-suspension', target: 's1' })
  const [forged] = await listAudit(other.db, 1)
  await at.pool.query(UNLOCK)
  await at.pool.query('update audit set at = $1, actor = $2, detail = $3, hash = $4 where seq = 1', [
    forged!.at,
    forged!.actor,
    forged!.detail,
    forged!.hash,
  ])
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: false, seq: 2, fault: 'unchained' })
})

test('numbers have no gaps, whoever writes at the same time and whatever is rolled back', async () => {
  await using at = await fixture(0)
  const write = (n: number) =>
    at.db.transaction(async (tx) => {
      await appendAudit(tx, { actor: 'alice@im.test', action: 'add-client-rule', target: String(n) })
      if (n % 3 === 0) throw new Error('rolled back')
    })
  await Promise.allSettled(Array.from({ length: 30 }, (_, n) => write(n)))
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: true, checked: 20 })
})

test('what a stranger sends is stored, not refused, and still verified', async () => {
  await using at = await fixture(0)
  const detail = {
    version: 'a\0b\ud800',
    'key\0': [1e21, -0, 0.1, null, true, { z: 1, a: { y: [] } }],
    absent: undefined,
    __proto__x: 'ü',
    at: new Date(0),
  }
  await appendAudit(at.db, { actor: 'x', action: 'y', target: 'z', detail })
  expect(await verifyAudit(at.db)).toMatchObject({ isIntact: true, checked: 1 })
  expect((await listAudit(at.db, 1))[0]?.detail).toMatchObject({
    version: 'a\ufffdb\ufffd',
    at: '1970-01-01T00:00:00.000Z',
  })
})

test('control §7.8: who rewrites the log with all its hashes is found by what was signed', async () => {
  await using at = await fixture(5)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const signer = (key: KeyObject) => (bytes: Buffer) => ({
    keyId: keyIdOf(publicKey),
    signature: sign(null, bytes, key),
  })
  expect(await signAudit(at.db, new Date(), signer(privateKey))).toMatchObject({ seq: 5 })
  expect(await signAudit(at.db, new Date(), signer(privateKey)), 'it has not grown').toBeUndefined()
  expect(await verifyAudit(at.db, publicKey)).toMatchObject({ isIntact: true, checked: 5, checkpoints: 1 })

  // Everything from row 4 on is written anew, with hashes that fit.
  await at.pool.query(`${UNLOCK}; delete from audit where seq >= 4`)
  const { rows } = await at.pool.query<{ hash: Buffer }>('select hash from audit where seq = 3')
  await at.pool.query('update audit_head set seq = 3, hash = $1', [rows[0]?.hash])
  for (const target of ['s4', 'another']) {
    await appendAudit(at.db, { actor: 'local:cli', action: 'start-suspension', target })
  }
  expect(await verifyAudit(at.db, publicKey)).toMatchObject({ isIntact: false, seq: 5, fault: 'checkpoint' })
  // Cut off at the end, with a head that fits.
  await at.pool.query('delete from audit where seq >= 4; update audit_head set seq = 3')
  await at.pool.query('update audit_head set hash = $1', [rows[0]?.hash])
  expect(await verifyAudit(at.db, publicKey)).toMatchObject({ isIntact: false, seq: 4, fault: 'missing' })
})

test('a signature by another key is worth nothing', async () => {
  await using at = await fixture(2)
  const { publicKey } = generateKeyPairSync('ed25519')
  const { privateKey: other } = generateKeyPairSync('ed25519')
  await signAudit(at.db, new Date(), (bytes) => ({ keyId: keyIdOf(publicKey), signature: sign(null, bytes, other) }))
  expect(await verifyAudit(at.db, publicKey)).toMatchObject({ isIntact: false, seq: 2, fault: 'checkpoint' })
})

test('signatures cannot be changed or removed', async () => {
  await using at = await fixture(1)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  await signAudit(at.db, new Date(), (bytes) => ({
    keyId: keyIdOf(publicKey),
    signature: sign(null, bytes, privateKey),
  }))
  await expect(at.pool.query('delete from audit_checkpoint')).rejects.toThrow('append-only')
})
