import { claimBlob, insertUpload, publishUpload, quarantineUpload, uuidv7 } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { items, outcomeOf, publish } from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'
import type { Story } from '../../../test/story.ts'
import { hashOf, newLink, pathOf } from '../../blobs/link.ts'

const NODE = 'urn:xmpp:stickers:0'
const CLEAN = Buffer.from('a sticker that our encoder made')
const SHA256 = createHash('sha256').update(CLEAN).digest()
const RAW_ID = 'EpRv28DHHzFrE4zd+xaNpVb4'

/** A link to a clean sticker of alice's. */
async function upload(s: Story<'alice' | 'bob'>): Promise<string> {
  const { db, accounts } = s.server.ctx
  const link = newLink(uuidv7())
  const row = { filename: 'cat.png', declaredBytes: 5, declaredType: 'image/png', tokenHash: hashOf(link.secret) }
  await insertUpload(db, { ...row, id: link.id, accountId: accounts.find('alice')!.id, createdAt: new Date() })
  await quarantineUpload(db, link.id)
  await claimBlob(db, SHA256)
  const clean = { cleanSha256: SHA256, cleanBytes: CLEAN.length, cleanType: 'image/webp', widthPx: 128, heightPx: 64 }
  await publishUpload(db, link.id, clean)
  return `http://im.test${pathOf(link, 'cat.png')}`
}

const file = (desc: string) =>
  `<file xmlns="urn:xmpp:file:metadata:0"><media-type>image/png</media-type><desc>${desc}</desc><size>71045</size>` +
  `<dimension>512x512</dimension><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">0AdP8lJOWJrugSKOIAqfEKqFatIpG5JBCjjxY253ojQ=</hash></file>`
const sources = (url: string) =>
  `<sources xmlns="urn:xmpp:sfs:0"><url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/></sources>`
const pack = (url: string) =>
  `<pack xmlns="${NODE}"><name>Marsey the Cat</name><summary>Cute</summary>` +
  `<item>${file('👍')}${sources(url)}<suggest>+1</suggest></item><item>${file('evil')}${sources('https://evil.test/a.png')}</item>` +
  '<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">EpRv28DHHzFrE4zd+xaNpVb4jbu4s74XtioExNjQzZ0=</hash></pack>'

/** XEP-0449 §4.1.2, step by step, for what is left of that pack. */
function expectedHash(): string {
  const [L4, L3, L2, L1] = ['\x1f', '\x1e', '\x1d', '\x1c']
  const meta = `name${L4}${L4}Marsey the Cat${L4}${L3}summary${L4}${L4}Cute${L4}${L3}${L1}`
  const stickers = `👍${L3}sha-256${L4}${SHA256.toString('base64')}${L4}${L3}${L2}${L1}`
  return createHash('sha256')
    .update(meta + stickers)
    .digest('base64')
}

test('images row 18: a pack keeps its stickers that are uploads here, and is named after what they have become (XEP-0449 §4.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const url = await upload(s)
  const answer = await s.alice.ask('set', publish(NODE, pack(url), RAW_ID))
  // The publisher is answered with the name that it chose.
  expect(answer.toString()).toContain(`<item id="${RAW_ID}"/>`)
  const hash = expectedHash()
  const stored = (await s.alice.ask('get', items(NODE))).toString()
  expect(stored).toContain(`<item id="${hash.slice(0, 24)}">`)
  expect(stored).toContain(`<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">${hash}</hash></pack>`)
  expect(stored).toContain(
    `<media-type>image/webp</media-type><name>cat.png</name><size>${CLEAN.length}</size><width>128</width><height>64</height>` +
      `<dimension>128x64</dimension><desc>👍</desc><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">${SHA256.toString('base64')}</hash>`,
  )
  expect(stored).toContain('<suggest>+1</suggest>')
  expect(stored).not.toContain('evil')
})

test('images row 18: a sticker names a pack of its sender, by the old name or the new one, and no other (XEP-0449 §4.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await s.alice.ask('set', publish(NODE, pack(await upload(s)), RAW_ID))
  const id = expectedHash().slice(0, 24)
  const sent = async (from: 'alice' | 'bob', name: string) => {
    const to = from === 'alice' ? 'bob' : 'alice'
    s[from].received()
    await s[from].send(
      `<message type="chat" to="${to}@im.test/1"><body>😘</body><sticker xmlns="${NODE}" pack="${name}" jid="x" node="y"/></message>`,
    )
    return s[to].received().join('')
  }
  for (const name of [RAW_ID, id])
    expect(await sent('alice', name)).toContain(`<sticker xmlns="${NODE}" pack="${id}"/>`)
  expect(await sent('alice', 'AAAAAAAAAAAAAAAAAAAAAAAA')).not.toContain('sticker')
  // Knowing its name is no right to it.
  await s.alice.available()
  expect(await sent('bob', id)).not.toContain('sticker')
})

test('images row 18: a pack without one sticker of ours is none', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  expect(outcomeOf(await s.alice.ask('set', publish(NODE, pack('https://evil.test/b.png'), RAW_ID)))).toContain(
    'not-acceptable',
  )
})
