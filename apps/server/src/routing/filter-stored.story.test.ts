import { createHash } from 'node:crypto'
import { listArchive, openDatabase, uuidv7 } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { cleanImage } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import { filterMessages } from './filter-stored.ts'
import { storedStanza } from './stored.ts'

const OWNER = 'bob@im.test'
const RAW = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR as somebody sent it', 'latin1').toString('base64')
const CLEAN = Buffer.from('made by our encoder')
const bob = (content: string) =>
  `<message xmlns="jabber:client" type="chat" from="eve@im.test" to="${OWNER}"><body>data:image/png;base64,${RAW}</body>` +
  `<x xmlns="urn:example:e" src="cid:sha1+1@bob.xmpp.org"/><data xmlns="urn:xmpp:bob" cid="sha1+1@bob.xmpp.org">${content}</data></message>`

/** A message in bob's archive that no filter has seen. */
async function imported(databaseUrl: string, stanza: string): Promise<void> {
  await using database = openDatabase(databaseUrl)
  const id = uuidv7()
  await database.pool.query('insert into message (id, stanza, sent_at) values ($1, $2, now())', [id, stanza])
  await database.pool.query(
    `insert into archive (owner, position, message_id, peer, direction, sent_at) values ($1, 1, $2, 'eve@im.test', 'in', now())`,
    [OWNER, id],
  )
}

test('images rows 28 and 33: what no filter has seen passes it before anybody is shown or pushed it, once', async () => {
  let asked = 0
  let isUp = false
  const sanitize = () => {
    asked += 1
    return isUp ? cleanImage({ bytes: CLEAN }) : Promise.reject(new Error('not running'))
  }
  await using s = await story({ bob: 1 }, { sanitize })
  await imported(s.databaseUrl, bob(RAW))
  const { ctx } = s.server
  const read = async () => {
    const page = await listArchive(ctx.db, OWNER, { page: { max: 1 } })
    if (typeof page === 'string') throw new Error(page)
    return page.messages
  }
  const [raw] = await read()
  // Nobody can forget to ask.
  expect(() => storedStanza(raw!, OWNER)).toThrow('not filtered')

  // An image that cannot be checked now is not shown now, and is not lost.
  const [without] = await filterMessages(await read(), ctx)
  expect(without!.stanza).toContain('<body>[image removed]</body>')
  expect(without!.stanza).not.toMatch(/urn:xmpp:bob|iVBOR/)
  expect((await read())[0]).toEqual(raw)

  isUp = true
  const [clean] = await filterMessages(await read(), ctx)
  expect(clean!.stanza).toContain(`>${CLEAN.toString('base64')}</data>`)
  expect(clean!.stanza).not.toContain('iVBOR')
  // Written back: it is not asked again.
  expect(asked).toBe(2)
  expect(await filterMessages(await read(), ctx)).toEqual([clean])
  expect(asked).toBe(2)
})

test('images row 28: a request for presence that no filter has seen is shown as the one in force leaves it, once', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { sanitize: () => cleanImage({ bytes: CLEAN }) })
  const request = `<presence xmlns="jabber:client" type="subscribe" from="eve@im.test" to="${OWNER}"><status>data:image/png;base64,${RAW}</status><file-sharing xmlns="urn:xmpp:sfs:0"><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="http://evil.test/a.png"/></sources></file-sharing></presence>`
  await using database = openDatabase(s.databaseUrl)
  const rows = async () =>
    (
      await database.pool.query<{ stanza: string; filter_version: number }>(
        'select stanza, filter_version from presence_request order by jid',
      )
    ).rows
  await database.pool.query(
    `insert into presence_request (account_id, jid, stanza) select id, jid, stanza from account,
       (values ('eve@im.test', $1), ('mallory@im.test', '<presence not well formed')) as t (jid, stanza) where localpart = 'bob'`,
    [request],
  )
  // Alice's own was let in by the filter in force.
  await s.alice.send(`<presence type="subscribe" to="${OWNER}"/>`)
  await s.bob.available()
  const got = s.bob.received().filter((text) => text.includes('type="subscribe"'))
  expect(new Set(got.map((text) => /from="([^"]*)"/.exec(text)?.[1]))).toEqual(
    new Set(['alice@im.test', 'eve@im.test', 'mallory@im.test']),
  )
  expect(got.join('')).toContain('<status>[image removed]</status>')
  expect(got.join('')).not.toMatch(/iVBOR|evil\.test/)
  const stored = await rows()
  expect(stored.map(({ filter_version: version }) => version)).toEqual([FILTER_VERSION, FILTER_VERSION, FILTER_VERSION])
  expect(stored.map(({ stanza }) => stanza).join('')).not.toMatch(/iVBOR|evil\.test/)
})

test('what is recalled is not shown, nor taken out for good by the filter that sees it then', async () => {
  await using s = await story({ bob: 1 }, { sanitize: () => cleanImage({ bytes: CLEAN }) })
  await imported(s.databaseUrl, bob(RAW))
  const { ctx, policy } = s.server
  const read = async () => {
    const page = await listArchive(ctx.db, OWNER, { page: { max: 1 } })
    if (typeof page === 'string') throw new Error(page)
    return page.messages
  }
  const hashes = [createHash('sha256').update(Buffer.from(RAW, 'base64')).digest('hex')]
  const { recall } = await policy.operations.startRecall('carol@im.test', { hashes, reason: 'wrong picture' })
  const [hidden] = await filterMessages(await read(), ctx)
  expect(hidden!.stanza).not.toMatch(/urn:xmpp:bob|iVBOR/)
  await policy.operations.endRecall('carol@im.test', recall.id)
  const [shown] = await filterMessages(await read(), ctx)
  expect(shown!.stanza).toContain(`>${CLEAN.toString('base64')}</data>`)
})
