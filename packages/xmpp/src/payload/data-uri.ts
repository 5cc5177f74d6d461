/** An image of fewer bytes does not exist, so a shorter `data:` is a text about it. */
const MIN_PAYLOAD_BYTES = 24
/** No media type with its parameters is longer. */
const MAX_HEADER_LENGTH = 128
/** How the base64 of JPEG, PNG, GIF, RIFF, BMP, TIFF, ICO, ISO media and XML begins: browsers sniff, and ignore the type. */
const MAGIC =
  /^(?:\/9j\/|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3]|SUkqA|TU0AK|AAABA|AAAA[A-Za-z0-9+/]{2}Zn|PHN2Z|PD94b|PCFET|\/woAA|AAAADEpY)/

/**
 * Whether a text holds an image as a `data:` URI: in any case, base64 or percent-encoded, with or without the line breaks
 * that a URL parser removes, under the label of an image or under another one. Linear in the length of the text.
 */
export function holdsDataImage(text: string): boolean {
  if (text.length < MIN_PAYLOAD_BYTES || !/d[\t\r\n]*a[\t\r\n]*t[\t\r\n]*a[\t\r\n]*:/i.test(text)) return false
  const compact = text.replace(/[\t\r\n]+/g, '')
  const scheme = /data:/gi
  for (let match = scheme.exec(compact); match; match = scheme.exec(compact)) {
    const from = match.index + match[0].length
    const window = compact.slice(from, from + MAX_HEADER_LENGTH)
    const comma = window.indexOf(',')
    if (comma === -1) continue
    const header = percentDecode(window.slice(0, comma)).trim().toLowerCase()
    const isBase64 = /;\s*base64\s*$/.test(header)
    const payloadAt = from + comma + 1
    if (!header.startsWith('image/')) {
      const start = percentDecode(compact.slice(payloadAt, payloadAt + 64)).trimStart()
      const isImage = isBase64 ? MAGIC.test(start) : /^<(?:svg|\?xml|!DOCTYPE)|^\x89PNG|^GIF8/i.test(start)
      if (!isImage) continue
    }
    if (payloadBytes(compact, payloadAt, isBase64) >= MIN_PAYLOAD_BYTES) return true
  }
  return false
}

/** How base64 and hexadecimal digits of an image begin, where nothing says that they are one. */
const ENCODED_MAGIC =
  /^(?:\/9j\/|iVBORw0KGgo|R0lGOD[dl]|UklGR|Qk[0-3][A-Za-z0-9+/]{5}AAAA|SUkqA|TU0AK|AAABAA|AAAA[A-Za-z0-9+/]{2}Zn|PHN2Z|\/woAAA|AAAADEpY|89504e470d0a|ffd8ff[cde][0-9a-f]|474946383[79]61|52494646[0-9a-f]{8}57454250|424d[0-9a-f]{8}00000000|49492a00|4d4d002a|00000100|3c737667)/
/** Fewer characters are no image, in either encoding. */
const MIN_ENCODED_LENGTH = 32

/**
 * Whether a text holds a run of base64 (either alphabet) or hexadecimal digits that begins like an image, also one that
 * is broken into lines. Ciphertext and hashes begin like that about once in a million.
 */
export function holdsEncodedImage(text: string): boolean {
  if (text.length < MIN_ENCODED_LENGTH) return false
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{32,}/g)) if (beginsLikeImage(run)) return true
  const compact = text.slice(0, 128).replace(/\s+/g, '')
  return /^[A-Za-z0-9+/_-]{32}/.test(compact) && beginsLikeImage(compact)
}

function beginsLikeImage(run: string): boolean {
  const start = run.slice(0, 32)
  return ENCODED_MAGIC.test(start.replaceAll('-', '+').replaceAll('_', '/')) || ENCODED_MAGIC.test(start.toLowerCase())
}

/** Bytes of the payload, counted as far as needed. */
function payloadBytes(text: string, from: number, isBase64: boolean): number {
  const needed = isBase64 ? Math.ceil((MIN_PAYLOAD_BYTES * 4) / 3) : MIN_PAYLOAD_BYTES
  let units = 0
  for (let i = from; i < text.length && units < needed; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x20 && isBase64) continue
    if (isBase64 && (c === 0x22 || c === 0x27 || c === 0x29 || c === 0x3c || c === 0x3e)) break
    if (c === 0x25 && /^[0-9a-f]{2}$/i.test(text.slice(i + 1, i + 3))) i += 2
    units++
  }
  return isBase64 ? Math.floor((units * 3) / 4) : units
}

function percentDecode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
