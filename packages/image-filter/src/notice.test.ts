import { expect, test } from 'vitest'
import { NOTICE, withoutDataImages } from './notice.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

test.each([
  [`data:image/png;base64,${PNG}`, NOTICE],
  [`look: data:image/png;base64,${PNG} nice?`, `look: ${NOTICE} nice?`],
  [`DATA:IMAGE/PNG;BASE64,${PNG}`, NOTICE],
  [`da\nta:image/png;base64,${PNG}`, NOTICE],
  [`data:image/png;base64, ${PNG}`, NOTICE],
  [`data:image/png;base64,${PNG.slice(0, 40)} ${PNG.slice(40)} and more`, `${NOTICE} and more`],
  [`![x](data:image/png;base64,${PNG})`, `![x](${NOTICE})`],
  [`data:text/plain;base64,${PNG}`, NOTICE],
  [`data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, NOTICE],
  [`one data:image/png;base64,${PNG} two data:image/gif;base64,${PNG}`, `one ${NOTICE} two ${NOTICE}`],
])('%j becomes %j', (text, expected) => {
  expect(withoutDataImages(text)).toBe(expected)
})

test.each(['metadata: nothing', 'a data:image/png;base64, prefix is written like this', 'data:text/plain,hello', ''])(
  'the text %j stays',
  (text) => {
    expect(withoutDataImages(text)).toBe(text)
  },
)
