import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../testkit/src/postgres.ts'
import * as accounts from './account.ts'
import * as blobs from './blob.ts'
import { type Database, type Db, isUniqueViolation, openDatabase } from './database.ts'
import { watchPolicyEpoch } from './listen.ts'
import { insertOutbox, listOutbox, markOutboxDone, pruneOutbox } from './outbox.ts'
import * as pep from './pep.ts'
import * as personal from './personal.ts'
import * as policy from './policy.ts'
import * as suspensions from './suspension.ts'
import * as rooms from './room.ts'
import * as roster from './roster.ts'
import { findSetting, putSetting } from './setting.ts'
import * as streams from './stream.ts'
import * as images from './image-map.ts'
import * as uploads from './upload.ts'
import { uuidv7 } from './uuid.ts'

// One database for all: each test has accounts of its own.
let database: TestDatabase
let opened: Database
let db: Db
beforeAll(async () => {
  database = await testDatabase()
  opened = openDatabase(database.url)
  db = opened.db
})
afterAll(async () => {
  await opened.close()
  await database[Symbol.asyncDispose]()
})

let people = 0
async function person() {
  const account = await accounts.insertAccount(db, { localpart: `person${++people}`, credentials: [] })
  if (account === 'exists') throw new Error(account)
  return account
}

test('an account is made once, changed and found', async () => {
  const credentials = [{ mechanism: 'SCRAM-SHA-256', sealed: Buffer.from('sealed') }]
  const made = await accounts.insertAccount(db, { localpart: 'zoe', isAdmin: true, credentials })
  if (made === 'exists') throw new Error(made)
  expect(await accounts.insertAccount(db, { localpart: 'zoe', credentials })).toBe('exists')
  expect(await accounts.findAccount(db, 'zoe')).toEqual(made)
  expect(await accounts.findAccountById(db, made.id)).toEqual(made)
  expect(await accounts.updateAccount(db, 'zoe', { isDisabled: true })).toMatchObject({
    isAdmin: true,
    isDisabled: true,
  })
  expect(await accounts.updateAccount(db, 'nobody', { isDisabled: true })).toBeUndefined()
  expect(await accounts.listCredentials(db, made.id)).toEqual(new Map([['SCRAM-SHA-256', Buffer.from('sealed')]]))
  await accounts.setCredentials(db, made.id, [{ mechanism: 'argon2id', sealed: Buffer.from('new') }])
  expect([...(await accounts.listCredentials(db, made.id)).keys()]).toEqual(['argon2id'])
  const provedWith = { mechanism: 'argon2id', sealed: Buffer.from('new') }
  const newer = { mechanism: 'argon2id', sealed: Buffer.from('newer') }
  expect(await accounts.putCredentials(db, made.id, [newer], provedWith)).toBe(true)
  // The one it was proved with is not in force any more.
  expect(await accounts.putCredentials(db, made.id, [provedWith], provedWith)).toBe(false)
  expect(await accounts.listCredentials(db, made.id)).toEqual(new Map([['argon2id', Buffer.from('newer')]]))
})

test('accounts are listed by name, page by page', async () => {
  for (const localpart of ['list-b', 'list-a', 'list-c'])
    await accounts.insertAccount(db, { localpart, credentials: [] })
  const names = (await accounts.listAccounts(db, 2, 'list')).map(({ localpart }) => localpart)
  expect(names).toEqual(['list-a', 'list-b'])
  expect((await accounts.listAccounts(db, 1, 'list-b'))[0]?.localpart).toBe('list-c')
  expect(await accounts.countAccounts(db)).toBeGreaterThanOrEqual(3)
})

const state = { name: 'Bob', groups: ['Friends'], subscription: 'none', isAsk: true, isApproved: false } as const

test('a roster has versions, also of what was removed', async () => {
  const { id } = await person()
  expect(await roster.getRosterVersion(db, id)).toBe(0)
  await roster.changeRosterItem(db, id, 'bob@im.test', () => state)
  await roster.changeRosterItem(db, id, 'carol@im.test', () => state)
  const removed = await roster.changeRosterItem(db, id, 'bob@im.test', (item) => ({ ...item!, subscription: 'remove' }))
  expect(removed).toMatchObject({ version: 3, subscription: 'remove', name: null, groups: [] })
  expect(await roster.changeRosterItem(db, id, 'carol@im.test', () => undefined)).toBeUndefined()

  const { version, items } = await roster.getRoster(db, id)
  expect([version, items.map(({ jid }) => jid)]).toEqual([3, ['carol@im.test']])
  const changes = await roster.listRosterChanges(db, id, 1)
  expect(changes.map(({ jid, subscription }) => `${jid} ${subscription}`)).toEqual([
    'carol@im.test none',
    'bob@im.test remove',
  ])
  expect(await roster.findRosterItem(db, id, 'bob@im.test')).toBeUndefined()
  // Added again, it comes back without its past.
  expect(await roster.changeRosterItem(db, id, 'bob@im.test', (item) => (item ? undefined : state))).toMatchObject({
    version: 4,
  })
})

test('changes of a roster at the same time get different versions', async () => {
  const { id } = await person()
  const changed = await Promise.all(
    Array.from({ length: 20 }, (_, n) => roster.changeRosterItem(db, id, `friend${n}@im.test`, () => state)),
  )
  const versions = changed.map((item) => item?.version).toSorted((a, b) => a! - b!)
  expect(versions).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
})

test('a change of a roster whose account is gone changes nothing', async () => {
  expect(await roster.changeRosterItem(db, uuidv7(), 'bob@im.test', () => state)).toBeUndefined()
})

test('a subscription request waits until it is answered', async () => {
  const { id } = await person()
  await roster.putPresenceRequest(db, id, 'bob@im.test', { stanza: '<presence id="1"/>', filterVersion: 1 })
  await roster.putPresenceRequest(db, id, 'bob@im.test', { stanza: '<presence id="2"/>', filterVersion: 1 })
  expect(await roster.listPresenceRequests(db, id)).toEqual([
    { jid: 'bob@im.test', stanza: '<presence id="2"/>', filterVersion: 1 },
  ])
  expect(await roster.deletePresenceRequest(db, id, 'bob@im.test')).toBe('deleted')
  expect(await roster.deletePresenceRequest(db, id, 'bob@im.test')).toBe('absent')
})

test('addresses are blocked and unblocked', async () => {
  const { id } = await person()
  await personal.block(db, id, ['a@im.test', 'b@im.test'])
  await personal.block(db, id, ['b@im.test', 'c@im.test'])
  expect((await personal.listBlocked(db, id)).toSorted()).toEqual(['a@im.test', 'b@im.test', 'c@im.test'])
  expect(await personal.unblock(db, id, ['b@im.test', 'x@im.test'])).toEqual(['b@im.test'])
  expect((await personal.unblock(db, id, 'all')).toSorted()).toEqual(['a@im.test', 'c@im.test'])
})

test('private XML and vCards are replaced as a whole', async () => {
  const { id } = await person()
  await personal.putPrivateXml(db, id, 'x:y', 'a', '<a xmlns="x:y">1</a>')
  await personal.putPrivateXml(db, id, 'x:y', 'a', '<a xmlns="x:y">2</a>')
  expect(await personal.findPrivateXml(db, id, 'x:y', 'a')).toBe('<a xmlns="x:y">2</a>')
  expect(await personal.findPrivateXml(db, id, 'x:y', 'b')).toBeUndefined()
  await personal.putVcard(db, id, { element: '<vCard/>', photoSha1: null, filterVersion: 0 })
  await personal.putVcard(db, id, { element: '<vCard>2</vCard>', photoSha1: 'abc', filterVersion: 1 })
  expect(await personal.findVcard(db, id)).toMatchObject({
    element: '<vCard>2</vCard>',
    photoSha1: 'abc',
    filterVersion: 1,
  })
})

test('a room remembers who invited whom, until it is answered or one of them is gone', async () => {
  const room = { id: uuidv7(), localpart: 'hall', createdBy: 'a@im.test', createdAt: new Date(), config: {} }
  await rooms.insertRoom(db, { ...room, secret: Buffer.alloc(32) })
  const invitation = (invitee: string, inviter: string) => ({ invitee, inviter })
  const stored = async () => (await rooms.listRooms(db)).find(({ row }) => row.id === room.id)?.invitations
  const added = [invitation('b@im.test', 'a@im.test'), invitation('c@im.test', 'a@im.test')]
  await rooms.changeRoomInvitations(db, room.id, { added, removed: [] }, new Date(0))
  await rooms.changeRoomInvitations(db, room.id, { added, removed: [] }, new Date(1))
  expect(await stored()).toMatchObject(added)
  const later = invitation('b@im.test', 'c@im.test')
  await rooms.changeRoomInvitations(db, room.id, { added: [later], removed: added.slice(0, 1) }, new Date(2))
  expect(await stored()).toMatchObject([added[1], later])
  await rooms.forgetInRooms(db, 'c@im.test')
  expect(await stored()).toEqual([])
})

test('a node keeps its newest items', async () => {
  const { id } = await person()
  const node = { ...pep.DEFAULT_NODE_CONFIG, node: 'urn:x', accessModel: 'whitelist', maxItems: 3 } as const
  const publish = (itemId: string) => pep.publishPepItem(db, id, 'urn:x', { itemId, payload: `<${itemId}/>` })
  const items = async () => (await pep.listPepItems(db, id, 'urn:x')).map(({ itemId }) => itemId).join('')

  expect(await publish('a')).toBe('absent')
  expect(await pep.createPepNode(db, id, node)).toBe('created')
  expect(await pep.createPepNode(db, id, { ...node, maxItems: 9 })).toBe('exists')
  expect(await pep.findPepNode(db, id, 'urn:x')).toEqual(node)
  for (const itemId of ['a', 'b', 'c', 'd', 'b']) await publish(itemId)
  expect(await items()).toBe('bdc')
  expect((await pep.listPepItems(db, id, 'urn:x', { itemIds: ['c', 'a'] })).map(({ itemId }) => itemId)).toEqual(['c'])
  expect(await pep.listLastPepItems(db, id, ['urn:x', 'urn:y'])).toMatchObject([{ itemId: 'b', payload: '<b/>' }])
  await pep.configurePepNode(db, id, { ...node, maxItems: 1 })
  expect(await items()).toBe('b')
  expect(await pep.retractPepItem(db, id, 'urn:x', 'b')).toBe('retracted')
  expect(await pep.retractPepItem(db, id, 'urn:x', 'b')).toBe('absent')
  expect(await pep.deletePepNode(db, id, 'urn:x')).toBe('deleted')
  expect(await pep.listPepNodes(db, id)).toEqual([])
})

test('an upload moves from slot to clean or refused, and never back', async () => {
  const { id: accountId } = await person()
  const row = {
    accountId,
    filename: 'a.png',
    declaredBytes: 10,
    declaredType: 'image/png',
    tokenHash: Buffer.alloc(32),
    createdAt: new Date(),
  }
  const [one, two] = [uuidv7(), uuidv7()]
  await uploads.insertUpload(db, { ...row, id: one })
  await uploads.insertUpload(db, { ...row, id: two })
  const clean = { cleanSha256: Buffer.alloc(32, 1), cleanBytes: 7, cleanType: 'image/png', widthPx: 1, heightPx: 2 }
  await blobs.claimBlob(db, clean.cleanSha256)
  expect(await uploads.publishUpload(db, one, clean)).toBe(false)
  expect(await uploads.takeSlot(db, one, new Date())).toBe(true)
  expect(await uploads.takeSlot(db, one, new Date())).toBe(false)
  expect(await uploads.countQuarantined(db)).toEqual({ count: 0, oldestAt: undefined })
  expect(await uploads.quarantineUpload(db, one)).toBe(true)
  expect(await uploads.countQuarantined(db)).toEqual({ count: 1, oldestAt: expect.any(Date) as Date })
  expect(await uploads.quarantineUpload(db, one)).toBe(false)
  expect(await uploads.publishUpload(db, one, clean)).toBe(true)
  expect(await uploads.markUploadRefused(db, one, 'corrupt')).toBe(false)
  expect(await uploads.findUpload(db, one)).toMatchObject({ state: 'clean', ...clean })
  expect(await uploads.sumUploadBytes(db, { accountId }, new Date(0))).toEqual({ totalBytes: 17, recentBytes: 17 })
  expect(await uploads.sumUploadBytes(db, { accountId }, new Date(Date.now() + 1_000))).toEqual({
    totalBytes: 17,
    recentBytes: 0,
  })
  const unfinished = await uploads.listUnfinishedUploads(db, new Date(Date.now() + 1_000), 100)
  expect(unfinished.map(({ id }) => id)).toContain(two)
  expect(await uploads.markUploadRefused(db, two, 'corrupt')).toBe(true)
  await accounts.deleteAccount(db, `person${people}`, `person${people}@im.test`)
  // Whose it was stays known.
  expect(await uploads.findUpload(db, one)).toMatchObject({ accountId })
  await uploads.deleteUpload(db, one)
  expect(await uploads.findUpload(db, one)).toBeUndefined()
})

test('what an image became is found by each of its hashes, by whoever was sent it and by nobody else', async () => {
  const raw = Buffer.from('as it was sent')
  const image = { raw, profile: 'inline', type: 'image/png', widthPx: 6, heightPx: 7, clean: Buffer.from('ours') }
  await images.putImageMapping(db, image, ['alice@im.test', 'bob@im.test'])
  await images.putImageMapping(db, { ...image, widthPx: 99 }, [])
  await images.putImageMapping(db, { ...image, profile: 'avatar', clean: Buffer.from('small') }, ['alice@im.test'])
  const cleanSha256 = images.hashOfImage('sha-256', image.clean)
  const found = await images.findImageMapping(db, images.hashOfImage('sha-256', raw), 'inline')
  expect(found).toMatchObject({ cleanSha256, cleanType: 'image/png', cleanBytes: 4, widthPx: 6, heightPx: 7 })
  for (const name of ['sha-1', 'sha-256', 'sha-512', 'blake2b-512'] as const) {
    const hash = { name, hash: images.hashOfImage(name, raw) }
    expect(await images.findReadableImage(db, 'bob@im.test', hash)).toEqual(found)
    expect(await images.findReadableImage(db, 'bob@im.test', hash, 'avatar')).toBeUndefined()
    expect(await images.findReadableImage(db, 'alice@im.test', hash, 'avatar')).toMatchObject({ cleanBytes: 5 })
    expect(await images.findReadableImage(db, 'carol@im.test', hash)).toBeUndefined()
  }
  expect(await images.findCleanImage(db, cleanSha256)).toEqual(found)
  expect(await images.findCleanImage(db, images.hashOfImage('sha-256', raw))).toBeUndefined()
  await images.addImageReaders(db, found!, ['carol@im.test'])
  const clean = { name: 'sha-1', hash: images.hashOfImage('sha-1', image.clean) } as const
  expect(await images.findReadableImage(db, 'carol@im.test', clean)).toEqual(found)
})

test('a sticker pack is found by the id that its owner gave it', async () => {
  const { id } = await person()
  await images.putStickerPack(db, id, 'raw', 'clean')
  await images.putStickerPack(db, id, 'raw', 'cleaner')
  expect(await images.findStickerPack(db, id, 'raw')).toBe('cleaner')
  expect(await images.findStickerPack(db, (await person()).id, 'raw')).toBeUndefined()
})

test('rules and suspensions come and go, each with a new epoch that is heard of at once', async () => {
  const heard: number[] = []
  const { promise: first, resolve } = Promise.withResolvers<void>()
  let wake = () => {}
  await using watch = watchPolicyEpoch({
    url: database.url,
    pollMs: 60_000,
    onEpoch: (epoch) => {
      heard.push(epoch)
      resolve()
      wake()
    },
  })
  await first
  const before = await policy.getPolicyEpoch(db)
  // The listener may connect after the first poll; its own look then finds nothing new.
  while (
    (
      await opened.pool.query(
        `select from pg_stat_activity where query like 'listen %' and datname = current_database()`,
      )
    ).rowCount === 0
  );
  const second = new Promise<void>((settle) => void (wake = settle))
  const [rule, suspension] = await db.transaction(async (tx) => {
    const made = [
      await policy.insertClientRule(tx, {
        id: uuidv7(),
        rule: { family: 'gajim', below: '1.9', action: 'block' },
        isFinal: true,
        createdBy: 'local:cli',
      }),
      await suspensions.insertSuspension(tx, {
        id: uuidv7(),
        scopes: ['images', 'group:sales'],
        mode: 'hold',
        reason: 'drill',
        startedBy: 'local:cli',
      }),
    ] as const
    await policy.bumpPolicyEpoch(tx)
    return made
  })
  await second
  expect(heard).toEqual([before, before + 1])
  expect(await policy.listClientRules(db)).toEqual([rule])
  expect(await suspensions.listActiveSuspensions(db)).toEqual([suspension])
  const end = { by: 'local:cli', at: new Date(), release: 'in-order' } as const
  expect(await suspensions.endSuspension(db, suspension.id, end)).toMatchObject({ endedBy: 'local:cli' })
  expect(await suspensions.endSuspension(db, suspension.id, end)).toBeUndefined()
  expect(await suspensions.listActiveSuspensions(db)).toEqual([])
  expect(await suspensions.listEndedSuspensions(db, 5)).toHaveLength(1)
  expect(await policy.deleteClientRule(db, rule.id)).toEqual(rule)
  expect(await policy.deleteClientRule(db, rule.id)).toBeUndefined()
  await watch.close()
})

test('the watch on the policy survives a cut connection', async () => {
  let wake = () => {}
  const heard: number[] = []
  const next = () => new Promise<void>((settle) => void (wake = settle))
  const onEpoch = (epoch: number) => {
    heard.push(epoch)
    wake()
  }
  const first = next()
  await using watch = watchPolicyEpoch({ url: database.url, pollMs: 50, onEpoch })
  await first
  await opened.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name in ('drawbridge-listen', 'drawbridge-policy') and datname = current_database()`)
  const second = next()
  const epoch = await db.transaction((tx) => policy.bumpPolicyEpoch(tx))
  await second
  expect(heard.at(-1)).toBe(epoch)
  await watch.close()
})

test('work in the outbox is listed until it is done', async () => {
  const ids = await insertOutbox(
    db,
    [1, 2, 3].map((n) => ({ kind: 'count', payload: { n } })),
  )
  await insertOutbox(db, [{ kind: 'push', payload: {} }])
  expect((await listOutbox(db, ['count'], 10)).map(({ id }) => id)).toEqual(ids)
  expect((await listOutbox(db, ['count'], 1, ids[0]!)).map(({ payload }) => payload)).toEqual([{ n: 2 }])
  await markOutboxDone(db, ids.slice(0, 2))
  expect(await listOutbox(db, ['count'], 10)).toHaveLength(1)
  expect(await pruneOutbox(db, new Date(Date.now() + 1_000))).toBe(2)
})

test('work noted in a transaction that fails is not there', async () => {
  const failing = db.transaction(async (tx) => {
    await insertOutbox(tx, [{ kind: 'lost', payload: {} }])
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await listOutbox(db, ['lost'], 10)).toEqual([])
})

test('stream records go with their account, on request, and with age', async () => {
  const { id, localpart } = await person()
  for (const stream of ['s1', 's2', 's3', 's4']) await streams.insertSmSession(db, stream, id)
  await streams.deleteSmSessions(db, ['s1'])
  expect(await streams.findSmSession(db, 's1')).toBeUndefined()
  expect(await streams.findSmSession(db, 's2')).toMatchObject({ accountId: id, inboundH: 0 })
  expect(await streams.pruneSmSessions(db, new Date(0))).toBe(0)
  expect((await streams.deleteSmSessionsOf(db, id)).toSorted()).toEqual(['s2', 's3', 's4'])
  await streams.insertSmSession(db, 's5', id)
  await accounts.deleteAccount(db, localpart, `${localpart}@im.test`)
  expect(await streams.findSmSession(db, 's5')).toBeUndefined()
})

test('dedup keys go with age, some at a time', async () => {
  await opened.pool.query(`insert into dedup (key, message_id, at)
    select sha256(n::text::bytea), gen_random_uuid(), now() - interval '8 days' from generate_series(1, 30) n`)
  await opened.pool.query(`insert into dedup (key, message_id) values ('fresh', gen_random_uuid())`)
  const before = new Date(Date.now() - 7 * 86_400_000)
  expect(await streams.pruneDedup(db, before, 20)).toBe(20)
  expect(await streams.pruneDedup(db, before, 20)).toBe(10)
  expect(await streams.pruneDedup(db, before, 20)).toBe(0)
})

test('a setting is what was last put', async () => {
  expect(await findSetting(db, 'x')).toBeUndefined()
  await putSetting(db, 'x', { a: 1 })
  await putSetting(db, 'x', [2])
  expect(await findSetting(db, 'x')).toEqual([2])
})

test('a unique violation is told from other errors', async () => {
  const { localpart } = await person()
  const again = opened.pool.query('insert into account (id, localpart) values ($1, $2)', [uuidv7(), localpart])
  const error: unknown = await again.catch((fault: unknown) => fault)
  expect(isUniqueViolation(error)).toBe(true)
  expect(isUniqueViolation(error, 'account_localpart_key')).toBe(true)
  expect(isUniqueViolation(error, 'account_pkey')).toBe(false)
  expect(isUniqueViolation(new Error('x'))).toBe(false)
})

test('a pool whose connections are cut, in use or not, goes on', async () => {
  await using mine = openDatabase(database.url, { maxConnections: 3 })
  const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
  const broken = mine.db.transaction(async (tx) => {
    await mine.pool.query('select 1') // a second connection, idle from now on
    await policy.getPolicyEpoch(tx)
    held()
    await mine.pool.query('select pg_sleep(0.2)').catch(() => {})
    await policy.getPolicyEpoch(tx)
  })
  // Expected from the start: it fails while the connections are still being cut.
  const failure = broken.catch((error: unknown) => error)
  await isHeld
  await opened.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'drawbridge' and datname = current_database() and pid <> pg_backend_pid()`)
  expect(await failure).toBeInstanceOf(Error)
  expect(await policy.getPolicyEpoch(mine.db)).toBeGreaterThanOrEqual(0)
})
