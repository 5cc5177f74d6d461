import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import type { ArchiveEntry, MessageReference } from './archive-entry.ts'
import { createArchiveWriter } from './archive-writer.ts'
import { listArchive, searchArchive } from './archive.ts'
import { listUndelivered } from './undelivered.ts'
import { listHeld, releaseHeld } from './held-message.ts'
import { openDatabase } from './database.ts'
import { uuidv7 } from './uuid.ts'

const ALICE = 'alice@im.test'
const BOB = 'bob@im.test'
const ROOM = 'team@rooms.im.test'
const AT = new Date('2026-11-23T04:00:00Z')

async function fixture() {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await testDatabase())
  const { db, pool } = stack.use(openDatabase(url))
  const writer = stack.use(createArchiveWriter({ url }))
  const send = async (entry: ArchiveEntry) => {
    const outcome = await writer.commit(entry)
    return outcome.status === 'refused' ? outcome.reason : outcome.status
  }
  const search = async (owner: string, words: string, language?: string) => {
    const page = await searchArchive(db, owner, { words, language }, { page: { max: 100 } })
    return typeof page === 'string' ? page : page.messages.map(({ stanza }) => stanza)
  }
  const kinds = async () => (await pool.query('select kind from message_reference order by message_id, kind')).rows
  return { db, pool, writer, send, search, kinds, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function chat(
  from: string,
  to: string,
  clientId: string,
  words: string,
  ...references: MessageReference[]
): ArchiveEntry {
  return {
    id: uuidv7(),
    shard: [from, to].toSorted().join(' '),
    stanza: words,
    sentAt: AT,
    author: from,
    clientId,
    references,
    text: { words, language: undefined },
    archives: [
      { owner: from, peer: to, direction: 'out' },
      { owner: to, peer: from, direction: 'in' },
    ],
  }
}

function inRoom(author: string, clientId: string, words: string, ...references: MessageReference[]): ArchiveEntry {
  const archives = [{ owner: ROOM, peer: `${ROOM}/nick`, direction: 'in' }] as const
  return { ...chat(author, ROOM, clientId, words, ...references), shard: ROOM, archives }
}

const correct = (clientId: string): MessageReference => ({ kind: 'correction', target: { clientId } })
const retract = (clientId: string): MessageReference => ({ kind: 'retraction', target: { clientId } })

async function page(at: Awaited<ReturnType<typeof fixture>>, owner: string): Promise<string> {
  const found = await listArchive(at.db, owner, { page: { max: 100 } })
  if (found === 'item-not-found') throw new Error(found)
  return found.messages.map(({ stanza, retraction }) => (retraction ? `†${stanza}` : stanza)).join(' ')
}

test('a retracted message, and every version of it, is marked in every archive and found by no search', async () => {
  await using at = await fixture()
  await at.send(chat(ALICE, BOB, '1', 'secret'))
  await at.send(chat(ALICE, BOB, '2', 'secrets', correct('1')))
  await at.send(chat(ALICE, BOB, '3', 'secretly', correct('1')))
  await at.send(chat(ALICE, BOB, '4', 'other'))
  expect(await at.search(BOB, 'secrets')).toEqual([])
  expect(await at.search(BOB, 'secretly')).toEqual(['secretly'])
  expect(await at.send(chat(ALICE, BOB, '5', 'gone', retract('2')))).toBe('committed')

  expect(await page(at, ALICE)).toBe('†secret †secrets †secretly other gone')
  expect(await page(at, BOB)).toBe('†secret †secrets †secretly other gone')
  expect(await at.search(BOB, 'secretly')).toEqual([])
  const waiting = await listUndelivered(at.db, BOB, 10)
  expect(waiting.flatMap(({ stanza, retraction }) => (retraction ? [] : [stanza]))).toEqual(['other', 'gone'])
  expect(waiting[0]?.retraction).toMatchObject({ sentAt: AT, stanza: 'gone' })
})

test('SP-09 nobody corrects or retracts what somebody else wrote, and a name in another conversation is another name', async () => {
  await using at = await fixture()
  await at.send(chat(BOB, ALICE, '1', 'mine'))
  const count = async () => (await page(at, ALICE)).split(' ').length
  for (const reference of [correct('1'), retract('1')]) {
    expect(await at.send(chat(ALICE, BOB, uuidv7(), 'x', reference))).toBe('not-the-author')
    expect(await count()).toBe(1)
    // Carol knows the name, and no such message.
    expect(await at.send(chat('carol@im.test', BOB, uuidv7(), 'x', reference))).toBe('committed')
  }
  expect(await page(at, BOB)).toBe('mine x x')
  expect(await at.kinds()).toEqual([])
})

test('what is retracted is not corrected any more, also within one batch', async () => {
  await using at = await fixture()
  const outcomes = await Promise.all([
    at.send(chat(ALICE, BOB, '1', 'a')),
    at.send(chat(ALICE, BOB, '2', 'b', correct('1'))),
    at.send(chat(BOB, ALICE, '3', 'c', retract('2'))),
    at.send(chat(ALICE, BOB, '4', 'd', retract('1'))),
    at.send(chat(ALICE, BOB, '5', 'e', correct('1'))),
    at.send(chat(ALICE, BOB, '6', 'f')),
  ])
  expect(outcomes).toEqual(['committed', 'committed', 'not-the-author', 'committed', 'is-retracted', 'committed'])
  expect(await page(at, BOB)).toBe('†a †b d f')
  expect(await at.send(chat(ALICE, BOB, '7', 'g', correct('2')))).toBe('is-retracted')
})

test('a refused message that is sent again is refused again, and counts as handled', async () => {
  await using at = await fixture()
  await at.send(chat(BOB, ALICE, '1', 'mine'))
  const forged = () => ({
    ...chat(ALICE, BOB, '2', 'x', retract('1')),
    dedup: { sender: ALICE, target: BOB, originId: '2', hash: Buffer.from('x') },
    stream: { id: 'stream', n: 1, prefixWith: (numbers: readonly number[]) => numbers[0] ?? 0 },
  })
  const refused = { status: 'refused', reason: 'not-the-author', persistedH: 1 }
  expect(await at.writer.commit(forged())).toEqual(refused)
  expect(await at.writer.commit(forged())).toEqual(refused)
})

test('in a room a message is named by the archive, and its author or the room itself retracts it', async () => {
  await using at = await fixture()
  const sent = inRoom(ALICE, '1', 'hello')
  await at.send(sent)
  const target = { id: sent.id }
  expect(await at.send(inRoom(BOB, '1', 'x', { kind: 'retraction', target }))).toBe('not-the-author')
  expect(await at.send(inRoom(BOB, '2', 'yes', { kind: 'reply', target }, { kind: 'reaction', target }))).toBe(
    'committed',
  )
  expect(await at.send(inRoom(BOB, '3', 'no', { kind: 'retraction', target: { id: 'nonsense' } }))).toBe('committed')
  // The same id in an archive that does not hold the message names nothing.
  expect(await at.send(chat(ALICE, BOB, '4', 'no', { kind: 'retraction', target }))).toBe('committed')
  expect(await page(at, ROOM)).toBe('hello yes no')
  expect(await at.send(inRoom(ROOM, '5', 'moderated', { kind: 'retraction', target, isModerated: true }))).toBe(
    'committed',
  )
  expect(await page(at, ROOM)).toBe('†hello yes no moderated')
  expect(await at.kinds()).toEqual([{ kind: 'reaction' }, { kind: 'reply' }, { kind: 'retraction' }])
})

test('what was retracted while a suspension held it is not delivered when the suspension ends', async () => {
  await using at = await fixture()
  const suspensionId = uuidv7()
  const hold = (entry: ArchiveEntry): ArchiveEntry => ({
    ...entry,
    archives: [entry.archives[0]!],
    held: { suspensionId, recipients: [entry.archives[1]!] },
  })
  await at.send(hold(chat(ALICE, BOB, '1', 'secret')))
  await at.send(hold(chat(ALICE, BOB, '2', 'other')))
  await at.send(hold(chat(ALICE, BOB, '3', 'gone', retract('1'))))
  const released = await releaseHeld(at.db, await listHeld(at.db, suspensionId, 10))
  expect(released.map(({ stanza, retraction }) => [stanza, retraction?.stanza])).toEqual([
    ['secret', 'gone'],
    ['other', undefined],
    ['gone', undefined],
  ])
  expect(await at.search(BOB, 'other')).toEqual(['other'])
  expect(await at.search(BOB, 'secret')).toEqual([])
})

test('search finds words in the language of the text, phrases and alternatives, in one archive only', async () => {
  await using at = await fixture()
  const say = (words: string, language?: string, to = BOB) =>
    at.send({ ...chat(ALICE, to, uuidv7(), words), text: { words, language } })
  await say('The quick foxes were running', 'en-GB')
  await say('Die Häuser sind rot', 'de')
  await say('plain foxes')
  await say('fox for carol', undefined, 'carol@im.test')
  expect(await at.search(BOB, 'fox run', 'en')).toEqual(['The quick foxes were running'])
  expect(await at.search(BOB, 'haus', 'de')).toEqual(['Die Häuser sind rot'])
  expect(await at.search(BOB, 'foxes')).toEqual(['The quick foxes were running', 'plain foxes'])
  expect(await at.search(BOB, '"quick foxes"')).toEqual(['The quick foxes were running'])
  expect(await at.search(BOB, 'foxes -plain')).toEqual(['The quick foxes were running'])
  expect(await at.search(BOB, 'plain or rot')).toEqual(['Die Häuser sind rot', 'plain foxes'])
  expect(await at.search('carol@im.test', 'foxes')).toEqual([])
})

test('a hostile search finds nothing, or what it says', async () => {
  await using at = await fixture()
  await at.send(chat(ALICE, BOB, '1', "it's a test"))
  for (const words of ['', ' ', '!', "'", '\\', ':*', '& | ! ( )', "'; drop table message; --", '-', '""', '@x'])
    expect(await at.search(BOB, words)).toEqual([])
  expect(await at.search(BOB, '-nothing')).toEqual(["it's a test"])
  expect(await at.search('mallory@im.test', '-nothing')).toEqual([])
  expect(await at.search(BOB, 'test '.repeat(1_000))).toEqual(["it's a test"])
})
