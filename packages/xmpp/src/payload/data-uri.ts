import { beginsAsEncodedImage, beginsAsImage, percentDecode } from './image-signs.ts'

/** An image of fewer bytes does not exist, so a shorter `data:` is a text about it. */
const MIN_PAYLOAD_BYTES = 24
const MIN_BASE64_LENGTH = Math.ceil((MIN_PAYLOAD_BYTES * 4) / 3)
/** Characters of a payload that say what it is. */
const START_LENGTH = MIN_BASE64_LENGTH
/** What ends base64 in a text around it. */
const ENDS_BASE64: ReadonlySet<number> = new Set([...`"')<>`].map((char) => char.charCodeAt(0)))
const PERCENT = 0x25

/** What stands behind a comma; one for all the `data:` before it. */
interface Payload {
  readonly comma: number
  /** There is enough of it for an image. */
  readonly isLong: boolean
  /** It is one, whatever it is called. */
  readonly isImage: boolean
}

/**
 * Whether a text holds an image as a `data:` URI (RFC 2397): in any case, base64 or percent-encoded, with or without the
 * line breaks that a URL parser removes, with parameters of any length, under the label of an image or under another one.
 * Linear in the length of the text.
 */
export function holdsDataImage(text: string): boolean {
  if (text.length < MIN_PAYLOAD_BYTES || !/d[\t\r\n]*a[\t\r\n]*t[\t\r\n]*a[\t\r\n]*:/i.test(text)) return false
  const compact = text.replace(/[\t\r\n]+/g, '')
  let payload: Payload | undefined
  for (const { index, 0: scheme } of compact.matchAll(/data:/gi)) {
    const from = index + scheme.length
    if (!payload || payload.comma < from) {
      const comma = compact.indexOf(',', from)
      if (comma === -1) return false
      payload = payloadBehind(compact, comma)
    }
    if (payload.isLong && (payload.isImage || isLabeledImage(compact, from))) return true
  }
  return false
}

/** Browsers skip the white space before a type. */
function isLabeledImage(text: string, from: number): boolean {
  const label = /(?:[ \f]|%20|%0[9acd])*/iy
  label.lastIndex = from
  label.exec(text)
  const at = label.lastIndex
  return percentDecode(text.slice(at, at + 3 * 'image/'.length))
    .toLowerCase()
    .startsWith('image/')
}

function payloadBehind(text: string, comma: number): Payload {
  let end = comma
  while (text[end - 1] === ' ') end--
  const isBase64 = /base64$/i.test(percentDecode(text.slice(Math.max(0, end - START_LENGTH), end)))
  let start = ''
  for (let i = comma + 1; i < text.length && start.length < START_LENGTH; i++) {
    let code = text.charCodeAt(i)
    if (code === PERCENT && /^[0-9a-f]{2}/i.test(text.slice(i + 1, i + 3))) {
      code = Number.parseInt(text.slice(i + 1, i + 3), 16)
      i += 2
    }
    if (isBase64 && ENDS_BASE64.has(code)) break
    // White space is nothing in base64, and nothing before what is none.
    if (!isSpace(code) || (!isBase64 && start !== '')) start += String.fromCharCode(code)
  }
  const isLong = start.length >= (isBase64 ? MIN_BASE64_LENGTH : MIN_PAYLOAD_BYTES)
  return { comma, isLong, isImage: isLong && (isBase64 ? beginsAsEncodedImage(start) : beginsAsImage(start)) }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
