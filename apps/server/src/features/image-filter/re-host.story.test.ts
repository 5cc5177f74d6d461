import type { SanitizeVerdict } from '@drawbridge/contract'
import { createHash } from 'node:crypto'
import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { keyFile } from '../../../test/keys.ts'
import { administratorOf } from '../../../test/people.ts'
import { story } from '../../../test/story.ts'
import type { StoryOptions } from '../../../test/story.ts'

const PIXELS = Buffer.from('made by our encoder')
const RAW = Buffer.from('\x89PNG\r\n\x1a\nof a stranger', 'latin1')
const LINK = 'https://pictures.site.com/holiday/b%20each.png?size=1'
const PAGE = 'https://pictures.site.com/page.html'
const SLOW = 'https://slow.site.com/a.png'
const OURS = /http:\/\/im\.test\/upload\/[\w-]{43}\/b%20each\.webp/

type Policy = 'proxy' | 'link-only' | 'strip'

/** Alice and Bob, where the media policy says this; what was fetched, and a host that answers when it is told to. */
async function people(externalMedia: Policy, options: StoryOptions & { readonly isOff?: boolean } = {}) {
  const fetched: string[] = []
  const asked: (string | undefined)[] = []
  let answerSlowly = (_bytes: Buffer | undefined) => undefined as void
  const slow = new Promise<Buffer | undefined>((resolve) => (answerSlowly = resolve))
  let slowIsAsked = () => undefined as void
  const whenSlowIsAsked = new Promise<void>((resolve) => (slowIsAsked = resolve))
  const s = await story(
    { alice: 1, bob: 1, carol: 1 },
    {
      settings: { common: { hasPreviews: !options.isOff } },
      fetcher: {
        page: async () => undefined,
        async media(url) {
          fetched.push(url)
          if (url === SLOW) slowIsAsked()
          return url === SLOW ? slow : url.startsWith(LINK) ? RAW : Buffer.from('<html>')
        },
      },
      sanitize: (bytes, _profile, { origin }): SanitizeVerdict => {
        asked.push(origin)
        if (!Buffer.from(bytes).equals(RAW)) return { outcome: 'not-an-image' }
        return cleanImage({ format: 'webp', widthPx: 20, heightPx: 10, bytes: PIXELS })
      },
      ...options,
    },
  )
  const admin = administratorOf(s.server)
  const { policy } = await admin('getMediaPolicy', {})
  await admin('setMediaPolicy', {}, { ...policy, externalMedia })
  await s.bob.available()
  s.bob.received()
  const say = (payload: string) => s.alice.send(`<message type="chat" to="bob@im.test" id="m">${payload}</message>`)
  const close = () => s[Symbol.asyncDispose]()
  return { ...s, fetched, asked, admin, say, answerSlowly, whenSlowIsAsked, [Symbol.asyncDispose]: close }
}

const oob = (url: string) => `<x xmlns="jabber:x:oob"><url>${url}</url></x>`
const sfs = (url: string) =>
  `<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><media-type>image/png</media-type><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">AAAA</hash></file><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/></sources></file-sharing>`

test('images row 3: a picture on another host is fetched by us, made anew and delivered as a link to us', async () => {
  await using s = await people('proxy')
  await s.say(`<body>${LINK}</body>${oob(LINK)}${sfs(LINK)}`)
  const [message = ''] = s.bob.received()
  expect(message).not.toContain('site.com')
  const url = OURS.exec(message)?.[0] ?? ''
  expect(message).toContain(`<body>${url}`)
  expect(message).toContain('<media-type>image/webp</media-type><name>b each.webp</name>')
  expect(message).toContain('<width>20</width><height>10</height>')
  // Once, for all that names it; by the children for fetched images.
  expect(s.fetched).toEqual([LINK])
  expect(s.asked).toEqual(['fetched'])
  // It is an upload of hers like any other: in her quota, and in the archive as it was delivered.
  const quotas = await s.alice.ask('get', '<quotas xmlns="urn:drawbridge:upload:1"/>', 'im.test')
  expect(quotas.toString()).toContain(`kind="stored" used="${PIXELS.length}"`)
  // Whoever says it again, after a crash for instance, says the same.
  await s.say(`<body>${LINK}</body>${oob(LINK)}`)
  expect(s.bob.received().join('')).toContain(url)
  expect(s.fetched).toEqual([LINK])
})

test.each([
  ['what is behind a link is no image', 'proxy', PAGE, `<body>${PAGE}</body>`],
  ['the policy says link-only', 'link-only', LINK, `<body>${LINK}</body>`],
  ['the policy says strip', 'strip', LINK, ''],
] as const)(
  'images row 3: where %s, nothing loads it, and the link is what the policy leaves',
  async (_, policy, link, left) => {
    await using s = await people(policy)
    await s.say(`${oob(link)}<store xmlns="urn:xmpp:hints"/>`)
    await s.say('<body>marker</body>')
    const [message = '', marker] = s.bob.received()
    expect(marker ?? message).toContain('marker')
    expect(marker === undefined ? '' : message).not.toContain('jabber:x:oob')
    if (left !== '') expect(message).toContain(left)
    if (policy !== 'proxy') expect(s.fetched).toEqual([])
  },
)

test('a picture that was recalled is not fetched into a message, by no address', async () => {
  await using s = await people('proxy')
  await s.say(`<body>look</body>${oob(LINK)}`)
  const url = OURS.exec(s.bob.received().join(''))?.[0]
  expect(url).toBeDefined()
  const hashes = [createHash('sha256').update(RAW).digest('hex')]
  await s.admin('startRecall', {}, { hashes, reason: 'wrong picture' })
  // The one that was fetched before, and the same at an address that nobody named yet.
  for (const link of [LINK, `${LINK}2`]) {
    await s.say(`<body>look</body>${oob(link)}`)
    const [message] = s.bob.received()
    expect(message).toContain('<body>look</body>')
    expect(message).not.toContain('jabber:x:oob')
  }
})

test('originals of pictures that were fetched are sealed where the policy says so; pages are nobody’s', async () => {
  await using keys = await keyFile()
  await using s = await people('proxy', {
    settings: { common: { hasPreviews: true }, blobs: { evidenceKeyFile: keys.path } },
  })
  await s.admin('setMediaPolicy', {}, { ...(await s.admin('getMediaPolicy', {})).policy, originals: 'seal' })
  await s.say(`<body>look</body>${oob(LINK)}${oob(PAGE)}`)
  expect(s.bob.received().join('')).toMatch(OURS)
  const { evidence } = await s.admin('listEvidence', {})
  expect(evidence).toMatchObject([
    { sender: 'alice@im.test', filename: 'b each.png', outcome: 'clean', bytes: RAW.length },
  ])
  const [id] = evidence.map((row: { id: string }) => row.id)
  expect(await s.server.ctx.blobs.evidence?.read(id!)).toEqual(RAW)
})

test('images row 3: without a fetcher nothing is fetched and nothing waits', async () => {
  await using s = await people('proxy', { isOff: true })
  await s.say(`<body>look</body>${oob(LINK)}`)
  expect(s.bob.received().join('')).not.toContain('site.com')
  expect(s.fetched).toEqual([])
})

test('images row 3: a slow host holds up the messages of who linked to it, in their order, and nobody else’s', async () => {
  await using s = await people('proxy')
  const first = s.say(`<body>first</body>${oob(SLOW)}`)
  const second = s.say('<body>second</body>')
  await s.whenSlowIsAsked
  await s
    .connect('dave')
    .then((dave) => dave.send('<message type="chat" to="bob@im.test"><body>of dave</body></message>'))
  await s.carol.send('<message type="chat" to="bob@im.test"><body>of carol</body></message>')
  const bodies = () => s.bob.received().flatMap((text) => /<body>(.*?)<\/body>/.exec(text)?.[1] ?? [])
  expect(bodies()).toEqual(['of dave', 'of carol'])
  s.answerSlowly(RAW)
  await Promise.all([first, second])
  expect(bodies()).toEqual(['first', 'second'])
})

test('images row 3: what one account has fetched is bounded, by its quota and by the minute', async () => {
  await using s = await people('proxy')
  await s.admin('setMediaPolicy', {}, { ...(await s.admin('getMediaPolicy', {})).policy, maxStoredBytes: 3 })
  await s.say(`<body>look</body>${oob(LINK)}`)
  expect(s.bob.received().join('')).not.toMatch(OURS)
  for (let n = 0; n < 40; n++) await s.say(`<body>look</body>${oob(`${PAGE}?${n}`)}`)
  expect(s.fetched).toHaveLength(30)
})

test('images row 11: an avatar that is only at a URL is fetched, and becomes data of ours (XEP-0084 §4.2.2)', async () => {
  await using s = await people('proxy')
  const id = 'd'.repeat(40)
  const answer = await s.alice.ask(
    'set',
    `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="urn:xmpp:avatar:metadata"><item id="${id}"><metadata xmlns="urn:xmpp:avatar:metadata"><info id="${id}" bytes="9" type="image/png" url="${LINK}"/></metadata></item></publish></pubsub>`,
  )
  expect(answer.attrs['type']).toBe('result')
  const items = async (node: string) =>
    (
      await s.alice.ask(
        'get',
        `<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="urn:xmpp:avatar:${node}"/></pubsub>`,
      )
    ).toString()
  const metadata = await items('metadata')
  expect(metadata).not.toContain('site.com')
  expect(metadata).not.toContain(id)
  expect(await items('data')).toContain(PIXELS.toString('base64'))
})
