import type { Person } from './browser.ts'

/** A file as somebody has it on their disk. */
export interface LocalFile {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

/** Attaches files by the button and the browser's own file dialog. */
export async function pickFiles({ page }: Person, ...files: readonly LocalFile[]): Promise<void> {
  const chosen = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: /^(Attach|Anhängen)/ }).click()
  await (await chosen).setFiles([...files])
}

/** Pastes a file into the composer, as a screenshot from the clipboard. */
export async function pasteFile({ page }: Person, file: LocalFile): Promise<void> {
  await page.getByTestId('composer').evaluate((target, { name, mimeType, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File([bytes], name, { type: mimeType }))
    target.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData }))
  }, encoded(file))
}

/** Drags a file from the desktop over the conversation, looks at what the page offers, and lets go. */
export async function dropFile(person: Person, file: LocalFile, whileOver: () => Promise<void>): Promise<void> {
  const pane = person.page.locator('section.pane')
  const transfer = await person.page.evaluateHandle(({ name, mimeType, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const dragged = new DataTransfer()
    dragged.items.add(new File([bytes], name, { type: mimeType }))
    return dragged
  }, encoded(file))
  await pane.dispatchEvent('dragenter', { dataTransfer: transfer })
  await pane.dispatchEvent('dragover', { dataTransfer: transfer })
  await whileOver()
  await pane.dispatchEvent('drop', { dataTransfer: transfer })
}

const encoded = ({ name, mimeType, buffer }: LocalFile) => ({ name, mimeType, base64: buffer.toString('base64') })
