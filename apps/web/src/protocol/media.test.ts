import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { mediaFromAnswer, parseMedia } from './media.ts'

const URL = 'https://im.test/upload/x/plan.webp'
const SMALL = 'https://im.test/upload/y/plan.webp'

const message = (file: string, more = '') =>
  parseElement(
    `<message xmlns="jabber:client">${more}<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0">${file}</file>` +
      `<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${URL}"/></sources></file-sharing></message>`,
    C2S_LIMITS,
  )
const thumbnail = (uri: string, width: string) =>
  `<thumbnail xmlns="urn:xmpp:thumbs:1" uri="${uri}" width="${width}" height="9"/>`
const HASH = '1QcSHQRnh493V4dIh4eXh1h4kJUI'

test('a picture comes with its thumbnails, something to show before it is there, and what was done to it', () => {
  const file =
    '<name>plan.webp</name><width>800</width><height>600</height><desc>The plan</desc>' +
    thumbnail(SMALL, '512') +
    thumbnail(`data:image/thumbhash;base64,${HASH}`, '800') +
    '<re-encoded xmlns="urn:drawbridge:image:1" from="4200000" removed="exif comment unheard-of" animation="dropped"/>'
  expect(parseMedia(message(file), '')).toMatchObject({
    url: URL,
    description: 'The plan',
    thumbnails: [{ url: SMALL, widthPx: 512 }],
    placeholder: HASH,
    reEncoding: { fromBytes: 4_200_000, removed: ['exif', 'comment'], isAnimationDropped: true, frames: 1 },
    isSticker: false,
  })
})

test.each([
  ['javascript:alert(1)', '512'],
  ['data:image/png;base64,iVBORw0KGgo=', '512'],
  [SMALL, 'many'],
  [SMALL, '-1'],
])('%s of %s pixels is no thumbnail', (uri, width) => {
  expect(parseMedia(message(thumbnail(uri, width)), '')).toMatchObject({ thumbnails: [], placeholder: undefined })
})

test('a sticker is one, and says what it stands for (XEP-0449 §4.2)', () => {
  const sticker = message('<desc>A kiss</desc>', '<sticker xmlns="urn:xmpp:stickers:0" pack="p"/>')
  expect(parseMedia(sticker, ':*')).toMatchObject({ isSticker: true, description: 'A kiss' })
})

test('what the server answers to an upload is what is shown', () => {
  const picked = { url: URL, name: 'plan.png', type: 'image/png', bytes: 9 }
  const answer = {
    url: `${URL}?s=x`,
    type: 'image/webp',
    bytes: 5,
    widthPx: 8,
    heightPx: 6,
    placeholder: HASH,
    thumbnails: [{ url: SMALL, widthPx: 4, type: 'image/webp' }, { url: 'ftp://x', widthPx: 4 }, null],
    reEncoding: { fromBytes: 9, removed: ['exif'], isAnimationDropped: false, frames: 3 },
  }
  expect(mediaFromAnswer(JSON.stringify(answer), picked)).toEqual({
    ...answer,
    name: 'plan.png',
    thumbnails: [{ url: SMALL, widthPx: 4 }],
  })
})

test.each(['', 'null', '[]', '<html>', '{"url":7,"thumbnails":{},"reEncoding":[]}'])(
  'an answer that says nothing leaves what is known: %s',
  (text) => {
    const picked = { url: URL, name: 'plan.png', type: 'image/png', bytes: 9 }
    expect(mediaFromAnswer(text, picked)).toMatchObject({ ...picked, thumbnails: [] })
    expect(mediaFromAnswer(text, picked).reEncoding).toBeUndefined()
  },
)
