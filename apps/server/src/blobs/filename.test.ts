import { describe, expect, test } from 'vitest'
import { claimsImage, dispositionOf, displayName, isAcceptedImage, predictedName, withExtension } from './filename.ts'

describe('UP-04 the name of a file', () => {
  test.each([
    ['holiday.png', 'holiday.png'],
    ['Überweisung März.pdf', 'Überweisung März.pdf'],
    ['写真.jpg', '写真.jpg'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['photo\u202Egnp.exe', 'photognp.exe'],
    ['a\u200Bb\u2066c.txt', 'abc.txt'],
    ['x\r\nSet-Cookie: a.png', 'xSet-Cookie_ a.png'],
    ['evil.png\0.exe', 'exe'],
    ['CON.png', '_CON.png'],
    ['lpt1', '_lpt1'],
    ['...', 'file'],
    ['', 'file'],
    ['.htaccess', 'htaccess'],
    ['100%.png', '100_.png'],
    ['a<b>"c"|d?.png', 'a_b__c__d_.png'],
    ['e\u0301.png', '\u00e9.png'],
  ])('%j is shown as %j', (given, shown) => {
    expect(displayName(given)).toBe(shown)
  })

  test('a name of 300 bytes is cut between characters and keeps its extension', () => {
    const name = displayName(`${'é'.repeat(150)}.png`)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(120)
    expect(name).toMatch(/^é+\.png$/)
    const emoji = displayName(`${'👩‍👩‍👧'.repeat(40)}.jpg`)
    expect(Buffer.byteLength(emoji)).toBeLessThanOrEqual(120)
    expect(emoji).toMatch(/\.jpg$/)
  })

  test('a name that was made safe stays as it is', () => {
    for (const name of ['x.php.png', '_CON.png', 'file', 'a_b__c__d_.png']) expect(displayName(name)).toBe(name)
  })

  test('it is given to browsers in the one form that holds any character (RFC 8187)', () => {
    expect(dispositionOf('attachment', "it's (1) — naïve.pdf")).toBe(
      "attachment; filename*=UTF-8''it%27s%20%281%29%20%E2%80%94%20na%C3%AFve.pdf",
    )
  })
})

test.each([
  ['a.png', 'application/octet-stream', true],
  ['a.SVG', 'text/plain', true],
  ['a.ani', '', true],
  ['a.wbmp', '', true],
  ['a.jxr', '', true],
  ['a.bin', 'image/png', true],
  ['a.bin', 'IMAGE/x', true],
  ['a.pdf', 'application/pdf', false],
  ['png', 'text/plain', false],
])('%s of type %s claims to be an image: %s', (name, type, claims) => {
  expect(claimsImage(name, type)).toBe(claims)
})

test.each([
  ['a.png', 'image/png', true],
  ['a.jpeg', '', true],
  ['a.gif', 'image/gif', true],
  ['a', 'image/webp', true],
  ['a.svg', 'image/png', false],
  ['a.png', 'image/svg+xml', false],
  ['a.tiff', 'image/tiff', false],
  ['a.heic', '', false],
])('%s of type %s can be cleaned: %s', (name, type, isAccepted) => {
  expect(isAcceptedImage(name, type)).toBe(isAccepted)
})

test('an image is named after what our encoder will make of it', () => {
  expect(predictedName('a.jpeg', 'image/jpeg')).toBe('a.jpg')
  expect(predictedName('a.gif', 'image/gif')).toBe('a.webp')
  expect(predictedName('shot', 'image/png')).toBe('shot.png')
  expect(withExtension('a.webp', 'png')).toBe('a.png')
})
