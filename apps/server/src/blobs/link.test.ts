import { expect, test } from 'vitest'
import { hashOf, isOwnLink, isSecret, newLink, parsePath, pathOf } from './link.ts'

const ID = '018f2b3c-0000-7000-8000-0123456789ab'

test('a link leads back to its upload, its secret and its name', () => {
  const link = newLink(ID)
  const path = pathOf(link, 'é 1.png')
  expect(path).toMatch(/^\/upload\/[A-Za-z0-9_-]{43}\/%C3%A9%201\.png$/)
  expect(parsePath(path)).toEqual({ link, name: 'é 1.png' })
})

test('UP-10 two links to one upload have nothing in common but the upload', () => {
  const [one, two] = [newLink(ID), newLink(ID)]
  expect(one.secret).toHaveLength(16)
  expect(one.secret.equals(two.secret)).toBe(false)
  expect(isSecret(one.secret, hashOf(one.secret))).toBe(true)
  expect(isSecret(two.secret, hashOf(one.secret))).toBe(false)
})

test.each([
  '',
  '/',
  'x',
  '../x',
  'A'.repeat(43),
  `${'A'.repeat(42)}B/a.png`,
  `${'A'.repeat(43)}/a/b`,
  `${'A'.repeat(43)}/%E0%A4`,
])('the path %j is no link', (rest) => {
  expect(parsePath(`/upload/${rest}`)).toBeUndefined()
})

test('only a link of ours is ours', () => {
  const path = pathOf(newLink(ID), 'a.png')
  const isOwn = (url: string) => isOwnLink(url, 'https://im.test:5280')
  expect(isOwn(`https://im.test:5280${path}`)).toBe(true)
  for (const url of [
    `https://evil.test${path}`,
    `http://im.test:5280${path}`,
    `https://im.test${path}`,
    `https://im.test:5280@evil.test${path}`,
    `https://u:p@im.test:5280${path}`,
    'https://im.test:5280/upload/short/a.png',
    `//im.test:5280${path}`,
    'data:image/png;base64,iVBORw0KGgo=',
    '',
  ]) {
    expect(isOwn(url), url).toBe(false)
  }
})
