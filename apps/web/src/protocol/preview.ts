import { NS_BOB, NS_DRAWBRIDGE_PREVIEW } from '@drawbridge/xmpp'
import type { Element, Xml } from '../connection/element.ts'

/** What our server found behind a link. All of it is text, and an image that its encoder made. */
export interface LinkPreview {
  readonly title: string | undefined
  readonly description: string | undefined
  readonly siteName: string | undefined
  readonly image: Uint8Array<ArrayBuffer> | undefined
}

const MAX_TEXT_LENGTH = 400

export function buildPreviewRequest(xml: Xml, url: string): Element {
  return xml('preview', { xmlns: NS_DRAWBRIDGE_PREVIEW, url })
}

/** Reads the answer; undefined when it says nothing. */
export function parsePreview(iq: Element): LinkPreview | undefined {
  const preview = iq.getChild('preview', NS_DRAWBRIDGE_PREVIEW)
  const text = (name: string) => preview?.getChildText(name)?.trim().slice(0, MAX_TEXT_LENGTH) || undefined
  const [title, description, siteName] = [text('title'), text('description'), text('site-name')]
  const image = bytesFrom(preview?.getChild('image')?.getChild('data', NS_BOB)?.getText() ?? '')
  return title === undefined && description === undefined && image === undefined
    ? undefined
    : { title, description, siteName, image }
}

function bytesFrom(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const text = base64.replace(/\s+/g, '')
    return text === '' ? undefined : Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}
