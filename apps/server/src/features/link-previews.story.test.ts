import type { FetchedPage } from '@drawbridge/runtime'
import { cleanImage } from '@drawbridge/testkit/images'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'
import type { StoryOptions } from '../../test/story.ts'

const PIXELS = Buffer.from('made by our encoder')
const LINK = 'https://news.site.com/1'
const PAGES: Readonly<Record<string, FetchedPage>> = {
  [LINK]: { url: LINK, title: 'A <b>title</b>', siteName: 'News', image: 'https://cdn.site.com/pic' },
  'https://bare.site.com/': { url: 'https://www.bare.site.com/', title: 'Bare' },
}

async function readers(options: StoryOptions & { readonly isOff?: boolean } = {}) {
  const fetched: string[] = []
  const s = await story(
    { alice: 1, bob: 1 },
    {
      settings: { common: { hasPreviews: !options.isOff } },
      fetcher: {
        page: async (url) => {
          fetched.push(url)
          return PAGES[url]
        },
        media: async () => Buffer.from('raw bytes of a stranger'),
      },
      sanitize: () => cleanImage({ widthPx: 20, heightPx: 10, bytes: PIXELS }),
      ...options,
    },
  )
  const admin = administratorOf(s.server)
  const allow = async () => {
    const { policy } = await admin('getMediaPolicy', {})
    await admin('setMediaPolicy', {}, { ...policy, externalMedia: 'proxy' })
  }
  const ask = (url: string, person: 'alice' | 'bob' = 'alice') =>
    s[person].ask('get', `<preview xmlns="urn:drawbridge:preview:1" url="${url}"/>`, 'im.test')
  const close = () => s[Symbol.asyncDispose]()
  return { ...s, fetched, admin, allow, ask, [Symbol.asyncDispose]: close }
}

test('a link is shown with text that is text, and an image that our encoder made, in the place of what a sender says of it (images §6, rows 3 and 34; XEP-0511 §3.1)', async () => {
  await using s = await readers()
  await s.allow()
  const answer = await s.ask(LINK)
  const preview = answer.getChild('preview', 'urn:drawbridge:preview:1')!
  expect(preview.getChildText('title')).toBe('A <b>title</b>')
  expect(preview.toString()).toContain('A &lt;b&gt;title&lt;/b&gt;')
  expect(preview.getChildText('site-name')).toBe('News')
  const data = preview.getChild('image')!.getChild('data', 'urn:xmpp:bob')!
  expect(Buffer.from(data.getText(), 'base64')).toEqual(PIXELS)
  expect(data.attrs).toMatchObject({
    type: 'image/png',
    cid: `sha1+${createHash('sha1').update(PIXELS).digest('hex')}@bob.xmpp.org`,
  })
  expect(answer.toString()).not.toContain('cdn.site.com')
})

test('whoever looks at the same link gets the same answer, and the site is asked once', async () => {
  await using s = await readers()
  await s.allow()
  const [first, second] = await Promise.all([s.ask('https://bare.site.com/'), s.ask('https://bare.site.com/', 'bob')])
  expect(first.getChild('preview')!.attrs).toMatchObject({ final: 'https://www.bare.site.com/' })
  expect(second.getChild('preview')!.toString()).toBe(first.getChild('preview')!.toString())
  expect(s.fetched).toEqual(['https://bare.site.com/'])
})

test('without leave by the media policy nothing is fetched', async () => {
  await using s = await readers()
  const answer = await s.ask(LINK)
  expect(answer.getChild('error')!.toString()).toContain('<policy-violation')
  expect(s.fetched).toEqual([])
  await s.allow()
  await s.server.policy.operations.startSuspension('local:cli', { scopes: ['images'], mode: 'cut', reason: 'worm' })
  expect((await s.ask(LINK)).attrs['type']).toBe('error')
  expect(s.fetched).toEqual([])
})

test('an image that cannot be cleaned is left out, and what has nothing to say is no preview', async () => {
  await using s = await readers({ sanitize: () => ({ outcome: 'refused', reason: 'corrupt' }) })
  await s.allow()
  expect((await s.ask(LINK)).getChild('preview')!.getChild('image')).toBeUndefined()
  expect((await s.ask('https://gone.site.com/')).getChild('error')!.toString()).toContain('<item-not-found')
  expect((await s.ask('file:///etc/passwd')).getChild('error')!.toString()).toContain('<bad-request')
})

test('one account has so many pages fetched in a minute, and others are not held up by that', async () => {
  const now = new Date('2026-11-23T10:00:00Z')
  await using s = await readers({ now: () => now })
  await s.allow()
  for (let n = 0; n < 30; n++) await s.ask(`https://site${n}.com/`)
  expect((await s.ask('https://site30.com/')).getChild('error')!.toString()).toContain('<resource-constraint')
  expect((await s.ask('https://site30.com/', 'bob')).getChild('error')!.toString()).toContain('<item-not-found')
})

test('where the operator has them off, nobody knows of previews', async () => {
  await using s = await readers({ isOff: true })
  const info = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'im.test')
  expect(info.toString()).not.toContain('urn:drawbridge:preview')
  expect((await s.ask(LINK)).getChild('error')!.toString()).toContain('<service-unavailable')
})
