import { readFile } from 'node:fs/promises'
import type { Browser, Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { openConversation, openPage, signIn } from '../support/browser.ts'
import type { ClientEvent } from '../support/line-client.ts'
import { openConverse } from '../support/converse.ts'
import { pickFiles } from '../support/files.ts'
import { startSlixmpp } from '../support/slixmpp.ts'
import type { Slixmpp } from '../support/slixmpp.ts'
import type { Persona, Product } from './foreign-client.ts'

/** A picture as somebody sees it. */
export interface Seen {
  readonly widthPx: number
  readonly heightPx: number
  /** Of what was loaded, in hex. */
  readonly sha256: string
}

/** What people do with pictures in a client. */
export interface PictureClient {
  /** Publishes a picture of its own. */
  publishAvatar(path: string): Promise<void>
  /** Uploads a file and shares it. */
  share(jid: string, path: string): Promise<void>
  /** Resolves when the avatar that it shows of somebody is this image of ours, to the byte or the pixel. */
  showsAvatar(jid: string, clean: Buffer): Promise<void>
  /** Resolves when it shows an image in the conversation with somebody. Each device has a link of its own to the path. */
  showsImage(jid: string, path: string): Promise<Seen>
}

/** slixmpp shows nothing: what its library gets from the server, it believes by the hashes of XEP-0084 and XEP-0153. */
export async function slixmppPictures(
  { jid, password }: Persona,
  { c2sPort, certificate }: Product,
): Promise<PictureClient & { readonly client: Slixmpp }> {
  const client = startSlixmpp({ jid, password, port: c2sPort, ca: certificate })
  await client.next('ready')
  return {
    client,
    publishAvatar: (path) => client.run('avatar', { path }),
    async share(to, path) {
      const url = await client.run<string>('upload', { path, type: 'image/png' })
      await client.run('send', { to, body: url, url })
    },
    async showsAvatar(of, clean) {
      const id = await hashOf('SHA-1', clean)
      // XEP-0084 §4.2: what was announced is what there is.
      const { bytes, type } = await client.next('avatar', (event) => event['sender'] === of && event['id'] === id)
      const data = await client.run<string>('avatar-data', { of, id })
      // XEP-0153 §4: the hash in presence is that of the photo in the vCard.
      await client.next('photo', ({ sender, hash }) => sender === of && hash === id)
      const photo = await client.run<{ type: string; bytes: string }>('vcard', { of })
      const got = { data, bytes: Number(bytes), photo }
      const wanted = clean.toString('base64')
      if (data !== wanted || photo.bytes !== wanted || got.bytes !== clean.length || photo.type !== type)
        throw new Error(`not the avatar that was announced: ${JSON.stringify(got)}`)
    },
    async showsImage(from, path) {
      const isAbout = ({ sender, body }: ClientEvent) => String(sender).startsWith(from) && String(body).includes(path)
      const { body } = await client.next('message', isAbout)
      const bytes = Buffer.from(await (await fetch(String(body))).arrayBuffer())
      const { width, height } = await sharp(bytes).metadata()
      return { widthPx: width, heightPx: height, sha256: await hashOf('SHA-256', bytes) }
    },
  }
}

/** Converse knows vCards only (XEP-0153), and links (XEP-0066). */
export async function conversePictures(browser: Browser, persona: Persona, product: Product): Promise<PictureClient> {
  const { page, open } = await openConverse(browser, persona, product)
  return {
    async publishAvatar(path) {
      await page.locator('a.show-profile').click()
      await page.locator('converse-profile-modal input[type=file]').setInputFiles(path)
      await page.locator('converse-profile-modal').getByRole('button', { name: 'Save and close' }).click()
    },
    async share(jid, path) {
      await open(jid)
      await page.locator(`converse-chat[jid="${jid}"] input.fileupload`).setInputFiles(path)
    },
    async showsAvatar(jid, clean) {
      const href = `data:image/png;base64,${clean.toString('base64')}`
      await page.locator(`[data-jid="${jid}"] converse-avatar image[href="${href}"]`).waitFor()
      await decoded(page, href)
    },
    async showsImage(jid, path) {
      await open(jid)
      return seen(page.locator(`converse-chat[jid="${jid}"] converse-chat-message img[src*="${path}"]`).last())
    },
  }
}

/** Our own, which draws avatars (XEP-0084) and loads what is uploaded here (XEP-0447, XEP-0066). */
export async function webPictures(
  browser: Browser,
  { name, password }: Persona,
  { url: origin }: Product,
): Promise<PictureClient> {
  const person = await openPage(browser, origin)
  const { page } = person
  page.setDefaultTimeout(10_000)
  await signIn(person, name, password)
  return {
    async publishAvatar(path) {
      await page.getByRole('button', { name: /^Account/ }).click()
      const chosen = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Change picture' }).click()
      await (await chosen).setFiles(path)
      await page.getByRole('dialog').locator('canvas').waitFor()
      await page.keyboard.press('Escape')
    },
    async share(jid, path) {
      await openConversation(person, jid)
      await pickFiles(person, { name: 'photo.png', mimeType: 'image/png', buffer: await readFile(path) })
    },
    async showsAvatar(jid, clean) {
      await openConversation(person, jid)
      const { data, info } = await sharp(clean).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
      await page.waitForFunction(
        ({ width, height, pixels }) => {
          const canvas = document.querySelector<HTMLCanvasElement>('.pane-header canvas')
          if (canvas?.width !== width || canvas.height !== height) return false
          const drawn = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? []
          return btoa(String.fromCharCode(...drawn)) === pixels
        },
        { width: info.width, height: info.height, pixels: data.toString('base64') },
        { polling: 100 },
      )
    },
    async showsImage(jid, path) {
      await openConversation(person, jid)
      return seen(page.locator(`[data-testid=image] img[src*="${path}"]`).last())
    },
  }
}

async function hashOf(algorithm: 'SHA-1' | 'SHA-256', bytes: Buffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest(algorithm, Uint8Array.from(bytes))).toString('hex')
}

/** An image on a page, once it has been decoded. */
async function seen(image: Locator): Promise<Seen> {
  return image.evaluate(async (element) => {
    const shown = element as HTMLImageElement
    await shown.decode()
    const bytes = await (await fetch(shown.src)).arrayBuffer()
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const sha256 = [...digest].map((octet) => octet.toString(16).padStart(2, '0')).join('')
    return { widthPx: shown.naturalWidth, heightPx: shown.naturalHeight, sha256 }
  })
}

/** Rejects for what the browser cannot decode. */
async function decoded(page: Page, source: string): Promise<void> {
  await page.evaluate(async (src) => {
    const image = new Image()
    image.src = src
    await image.decode()
  }, source)
}
