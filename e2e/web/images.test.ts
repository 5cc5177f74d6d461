import { apng, fixture, loadedPng, photoPixels, SECRET } from '@drawbridge/testkit/images'
import type { Browser, Locator } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessibilityFaults } from '../support/axe.ts'
import { befriend, messageOf, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { dropFile, pasteFile, pickFiles } from '../support/files.ts'
import type { LocalFile } from '../support/files.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'

let stack: Stack
let browser: Browser
let alice: Person
let bob: Person
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob']) await stack.account(name)
  alice = await openPage(browser, stack.url)
  bob = await openPage(browser, stack.url)
  await Promise.all([signIn(alice, 'alice', 'alice-password'), signIn(bob, 'bob', 'bob-password')])
  await befriend(alice, 'bob@localhost', bob, 'alice@localhost')
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

const png = (name: string, widthPx = 480, heightPx = 300): LocalFile => ({
  name,
  mimeType: 'image/png',
  buffer: loadedPng(widthPx, heightPx),
})
const imagesOf = ({ page }: Person): Locator => page.getByTestId('image').locator('img')
const uploadsOf = ({ page }: Person): Locator => page.getByTestId('upload')

/** Every step of the uploads that the page has shown since, in words. */
async function watchUploads({ page }: Person): Promise<() => Promise<string[]>> {
  const seen = await page.evaluateHandle(() => {
    const lines: string[] = []
    new MutationObserver(() => {
      for (const line of document.querySelectorAll('[data-testid=upload] [role=status]')) {
        const text = line.textContent
        if (lines.at(-1) !== text) lines.push(text)
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
    return lines
  })
  return () => seen.jsonValue()
}

/** How many messages there are; of a long conversation only those near the screen are in the page. */
function lastPosition({ page }: Person): Promise<number> {
  return page
    .getByTestId('message')
    .evaluateAll((rows) => Math.max(...rows.map((row) => Number(row.getAttribute('aria-posinset')))))
}

/** Resolves when the picture has been decoded. */
async function loaded(image: Locator): Promise<void> {
  await image.evaluate((element) => (element as HTMLImageElement).decode())
}

test('an image picked by the button is checked first: until then nobody sees it, afterwards both do', async () => {
  const steps = await watchUploads(alice)
  const sanitizer = stack.pidOf('sanitizer')
  process.kill(sanitizer, 'SIGSTOP')
  try {
    await pickFiles(alice, png('holiday.png'))
    await uploadsOf(alice).and(alice.page.locator('[data-step=checking]')).waitFor()
    expect(await uploadsOf(alice).textContent()).toMatch(/holiday\.png.*Checking…/)
    // A message that goes its own way shows that the picture was not merely slow.
    await say(alice, 'a picture is coming')
    await messageOf(bob, 'a picture is coming').waitFor()
    expect([await imagesOf(alice).count(), await imagesOf(bob).count()]).toEqual([0, 0])
  } finally {
    process.kill(sanitizer, 'SIGCONT')
  }
  for (const person of [alice, bob]) {
    await imagesOf(person).waitFor()
    await loaded(imagesOf(person))
  }
  await expect.poll(() => uploadsOf(alice).count()).toBe(0)
  expect((await steps()).at(0)).toMatch(/^Uploading/)
  expect((await steps()).at(-1)).toBe('Checking…')
})

test('images row 40: what the page received holds nothing of the metadata, and the pixels only', async () => {
  for (const person of [alice, bob]) {
    const { type, base64 } = await imagesOf(person).evaluate(async (image) => {
      const response = await fetch((image as HTMLImageElement).src)
      const bytes = new Uint8Array(await response.arrayBuffer())
      return { type: response.headers.get('content-type'), base64: btoa(String.fromCharCode(...bytes)) }
    })
    const bytes = Buffer.from(base64, 'base64')
    expect(type).toBe('image/png')
    for (const foreign of [SECRET, 'eXIf', 'tEXt', 'iTXt', 'script']) expect(bytes.includes(foreign)).toBe(false)
    expect(bytes.subarray(-8, -4).toString('latin1')).toBe('IEND')
    expect(bytes.readUInt32BE(16)).toBe(480)
    expect(bytes.readUInt32BE(20)).toBe(300)
  }
})

test('a pasted screenshot is shared; its box has the final size before a byte of it is there', async () => {
  let letGo!: () => void
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  await bob.page.route('**/upload/**', async (route) => {
    await held
    await route.continue()
  })
  await pasteFile(alice, png('image.png', 320, 200))
  const image = imagesOf(bob).nth(1)
  await image.waitFor()
  await say(alice, 'below the picture')
  const row = messageOf(bob, 'below the picture')
  await row.waitFor()
  const before = [await image.boundingBox(), await row.boundingBox()]
  letGo()
  await loaded(image)
  expect([await image.boundingBox(), await row.boundingBox()]).toEqual(before)
  expect(before[0]).toMatchObject({ width: 320, height: 200 })
  await bob.page.unroute('**/upload/**')
})

test('an image dragged over the conversation is offered a place and shared where it is dropped', async () => {
  await dropFile(alice, png('dropped.png'), () => alice.page.getByText('Drop files to share them').waitFor())
  for (const person of [alice, bob]) await imagesOf(person).nth(2).waitFor()
  await alice.page.getByText('Drop files to share them').waitFor({ state: 'detached' })
})

test('a refused image waits in a queue like any other, says why and what to do, and nothing of it is sent', async () => {
  const photo = fixture('jpeg')
  const refused: [LocalFile, RegExp][] = [
    [{ name: 'drawing.png', mimeType: 'image/png', buffer: Buffer.from(SVG) }, /not accepted.*JPEG, PNG, WebP or GIF/],
    [
      { name: 'cut.jpg', mimeType: 'image/jpeg', buffer: photo.subarray(0, photo.length / 2) },
      /damaged.*save it again/,
    ],
  ]
  const [saidBefore, heardBefore] = [await lastPosition(alice), await lastPosition(bob)]
  const sanitizer = stack.pidOf('sanitizer')
  process.kill(sanitizer, 'SIGSTOP')
  try {
    for (const [{ name, ...file }] of refused) {
      await pickFiles(alice, { name, ...file })
      await uploadsOf(alice).filter({ hasText: name }).and(alice.page.locator('[data-step=checking]')).waitFor()
    }
    await uploadsOf(alice).last().getByText('In the queue: 1 file is checked before yours').waitFor()
  } finally {
    process.kill(sanitizer, 'SIGCONT')
  }
  for (const [file, words] of refused) {
    const line = uploadsOf(alice).filter({ hasText: file.name })
    await line.and(alice.page.locator('[data-step=failed]')).waitFor()
    expect(await line.getByRole('alert').textContent()).toMatch(words)
    // The verdict is about the file: trying it again would change nothing.
    expect(await line.getByRole('button', { name: 'Try again' }).count()).toBe(0)
    await line.getByRole('button', { name: `Remove ${file.name}` }).click()
    await line.waitFor({ state: 'detached' })
  }
  await say(alice, 'after the refusals')
  await messageOf(bob, 'after the refusals').waitFor()
  await expect.poll(() => lastPosition(alice)).toBe(saidBefore + 1)
  expect(await lastPosition(bob)).toBe(heardBefore + 1)
})

test('a photo is first a blur of itself, then the size that fits; its sender hears what it lost, also after a reload', async () => {
  const pixels = { width: 1_000, height: 800, channels: 3 } as const
  const buffer = await sharp(photoPixels(1_000, 800), { raw: pixels })
    .jpeg()
    .withExif({ IFD0: { Make: SECRET } })
    .toBuffer()
  let letGo!: () => void
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  await bob.page.route('**/upload/**', async (route) => {
    await held
    await route.continue()
  })
  await pickFiles(alice, { name: 'photo.jpg', mimeType: 'image/jpeg', buffer })
  const photo = bob.page.getByTestId('image').last()
  await photo.and(bob.page.locator('[data-phase=loading]')).locator('canvas.placeholder').waitFor()
  const before = await photo.boundingBox()
  expect(before).toMatchObject({ width: 400, height: 320 })
  // Colors of the photo, not one for all.
  const colors = await photo.locator('canvas').evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement
    const { data = [] } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? {}
    return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(i * 4, i * 4 + 3).join())).size
  })
  expect(colors).toBeGreaterThan(50)
  letGo()
  await loaded(photo.locator('img'))
  expect(await photo.boundingBox()).toEqual(before)
  await photo.locator('canvas').waitFor({ state: 'detached' })
  expect(await photo.locator('img').evaluate((img) => (img as HTMLImageElement).currentSrc)).toMatch(
    /\/photo\.(jpg|webp)/,
  )
  expect(
    await photo.locator('img').evaluate(async (img) => {
      const bitmap = await createImageBitmap(await (await fetch((img as HTMLImageElement).currentSrc)).blob())
      return [bitmap.width, bitmap.height]
    }),
  ).toEqual([512, 410])
  await bob.page.unroute('**/upload/**')

  const receipt = /^Re-encoded\. Removed: camera data with any location\. [\d.]+ [kM]B → [\d.]+ [kM]B$/
  expect(await alice.page.getByTestId('re-encoding').last().textContent()).toMatch(receipt)
  expect(await bob.page.getByTestId('re-encoding').count()).toBe(0)
  await pickFiles(alice, { name: 'wave.png', mimeType: 'image/png', buffer: apng() })
  await alice.page.getByText('The animation became a still image.').waitFor()
  await alice.page.reload()
  await alice.page.getByText('The animation became a still image.').waitFor()
  expect(await alice.page.getByTestId('re-encoding').nth(-2).textContent()).toMatch(receipt)
})

test('an image is opened, looked through and closed by keyboard, and downloaded as everybody sees it', async () => {
  const { page } = bob
  const rows = page.getByTestId('message')
  const isFocused = (element: Locator) => () => element.evaluate((node) => node === document.activeElement)
  await rows.last().focus()
  await page.keyboard.press('ArrowUp')
  await expect.poll(isFocused(rows.nth(-2))).toBe(true)
  await page.keyboard.press('ArrowRight')
  await expect.poll(isFocused(rows.nth(-2).getByTestId('image'))).toBe(true)
  await page.keyboard.press('Enter')
  const viewer = page.getByTestId('viewer')
  const large = viewer.locator('img')
  await loaded(large)
  expect(await large.evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBe(1_000)
  expect(await viewer.textContent()).toMatch(/1000 × 800.*Re-encoded\./)
  expect(await accessibilityFaults(page)).toEqual([])

  await page.keyboard.press('ArrowRight')
  await viewer.getByText(/^(\d+) of \1$/).waitFor()
  await page.keyboard.press('ArrowLeft')
  await loaded(large)
  const inside: boolean[] = []
  for (let press = 0; press < 8; press++) {
    await page.keyboard.press('Tab')
    inside.push(
      await page.evaluate(
        () => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null,
      ),
    )
  }
  expect(inside).toEqual(Array.from({ length: 8 }, () => true))

  const downloading = page.waitForEvent('download')
  await viewer.getByRole('link', { name: 'Download' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe('photo.jpg')
  const chunks: Buffer[] = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
  expect((await sharp(Buffer.concat(chunks)).metadata()).width).toBe(1_000)
  expect(Buffer.concat(chunks).includes(SECRET)).toBe(false)
  await page.keyboard.press('Escape')
  await viewer.waitFor({ state: 'detached' })
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('image')
})

test('an image that does not load says why, in its place, and is tried again', async () => {
  const { page } = bob
  const image = page.getByTestId('image').last()
  const before = await image.boundingBox()
  await page.route('**/upload/**', (route) => route.abort())
  await page.reload()
  const gone = page.getByTestId('image-gone').last()
  await gone.waitFor()
  expect(await gone.textContent()).toMatch(/^Not loaded: the server was not reached\..*Try again$/)
  expect((await gone.boundingBox())?.height).toBe(before?.height)
  await page.unroute('**/upload/**')
  await gone.getByRole('button', { name: 'Try again' }).click()
  await loaded(image.locator('img'))
})

test('any other file arrives as a download that no page opens', async () => {
  const text = 'name,amount\ncarol,12\n'
  await pickFiles(alice, { name: 'expenses Q3.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  const link = bob.page.getByTestId('file')
  await link.waitFor()
  expect(await link.textContent()).toMatch(/expenses Q3\.csv/)
  const downloading = bob.page.waitForEvent('download')
  await link.click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe('expenses Q3.csv')
  const chunks: Buffer[] = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).toString()).toBe(text)
})

test('a recalled image is gone from every open page within two seconds, says why, and comes back when the recall ends', async () => {
  await pickFiles(alice, png('recalled.png', 200, 120))
  for (const person of [alice, bob]) await imagesOf(person).last().waitFor()
  await expect.poll(() => imagesOf(bob).count()).toBeGreaterThan(0)
  const shown = { alice: await imagesOf(alice).count(), bob: await imagesOf(bob).count() }
  const { recall } = await stack.cli<{ recall: { id: string } }>(
    ...['recall', 'start', '--sender', 'alice', '--reason', 'drill'],
  )
  const committedAt = Date.now()
  for (const person of [alice, bob]) {
    const gone = person.page.getByTestId('image-gone')
    await expect.poll(() => imagesOf(person).count()).toBe(0)
    expect(await gone.last().getAttribute('data-why')).toBe('recalled')
    expect(await gone.last().textContent()).toMatch(/^Removed by an administrator\. Reason: drill/)
  }
  console.log(`recall: gone from both pages ${Date.now() - committedAt} ms after the command`)
  await stack.cli('recall', 'end', recall.id)
  await expect.poll(() => imagesOf(alice).count()).toBeGreaterThanOrEqual(shown.alice)
  await expect.poll(() => imagesOf(bob).count()).toBeGreaterThanOrEqual(shown.bob)
  await loaded(imagesOf(bob).last())
})

test('a picture that somebody sets for themselves is seen by their contacts', async () => {
  await alice.page.getByRole('button', { name: /^Account/ }).click()
  const chosen = alice.page.waitForEvent('filechooser')
  await alice.page.getByRole('button', { name: 'Change picture' }).click()
  await (await chosen).setFiles([png('me.png', 256, 256)])
  await alice.page.getByRole('dialog').locator('canvas').waitFor()
  const picture = bob.page.locator('.pane-header canvas')
  await picture.waitFor()
  // The quadrants of the test picture, each corner's red, green and blue as more or less than half.
  const corners = () =>
    picture.evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement
      const context = (canvas as HTMLCanvasElement).getContext('2d')
      const at = (x: number, y: number) =>
        [...(context?.getImageData(x, y, 1, 1).data.slice(0, 3) ?? [])].map((value) => value > 127)
      return [at(8, 8), at(width - 8, height - 8)]
    })
  await expect.poll(corners).toEqual([
    [true, false, false],
    [true, true, false],
  ])
  expect([...alice.faults, ...bob.faults]).toEqual([])
})
