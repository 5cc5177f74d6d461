import type { Element, Xml } from '../connection/element.ts'
import { NS_DRAWBRIDGE_UPLOAD, NS_UPLOAD } from '@drawbridge/xmpp'

/** Where to put a file and where it can be fetched afterwards (XEP-0363 §5). */
export interface UploadSlot {
  readonly putUrl: string
  readonly getUrl: string
  readonly headers: readonly (readonly [string, string])[]
}

export function buildSlotRequest(xml: Xml, name: string, bytes: number, type: string): Element {
  return xml('request', { xmlns: NS_UPLOAD, filename: name, size: String(bytes), 'content-type': type })
}

/** Reads the slot; undefined when the URLs are missing or are no HTTP URLs. */
export function parseSlot(iq: Element): UploadSlot | undefined {
  const slot = iq.getChild('slot', NS_UPLOAD)
  const put = slot?.getChild('put')
  const putUrl = put?.attrs['url']
  const getUrl = slot?.getChild('get')?.attrs['url']
  if (!put || !putUrl || !getUrl || !/^https?:\/\//i.test(putUrl) || !/^https?:\/\//i.test(getUrl)) return undefined
  // XEP-0363 §5: only these three may be passed on, and never with a line break.
  const headers = put.getChildren('header').flatMap((header) => {
    const name = header.attrs['name'] ?? ''
    const value = header.getText().replace(/[\r\n]/g, '')
    return /^(authorization|cookie|expires)$/i.test(name) ? [[name, value] as const] : []
  })
  return { putUrl, getUrl, headers }
}

/** The origin of files that the server announces (our own form); undefined when it names none. */
export function parseMediaOrigin(info: Element): string | undefined {
  for (const form of info.getChildren('x', 'jabber:x:data')) {
    const fields = form.getChildren('field')
    if (fields.find(({ attrs }) => attrs['var'] === 'FORM_TYPE')?.getChildText('value') !== NS_DRAWBRIDGE_UPLOAD)
      continue
    const value = fields.find(({ attrs }) => attrs['var'] === 'origin')?.getChildText('value')
    if (value && URL.canParse(value)) return new URL(value).origin
  }
  return undefined
}

/** Where the sender of a file asks what becomes of it. */
export function statusUrlOf(putUrl: string): string | undefined {
  const url = new URL(putUrl)
  const key = /^\/upload\/([\w-]{43})\//.exec(url.pathname)?.[1]
  return key === undefined ? undefined : `${url.origin}/upload-status/${key}`
}

/** The limit in bytes that the upload service announces in its disco#info form; undefined when it names none. */
export function parseUploadLimit(info: Element): number | undefined {
  for (const form of info.getChildren('x', 'jabber:x:data')) {
    const field = form.getChildren('field').find(({ attrs }) => attrs['var'] === 'max-file-size')
    const value = Number(field?.getChildText('value'))
    if (value > 0) return value
  }
  return undefined
}
