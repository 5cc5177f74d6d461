const VALUES: Uint8Array = base64Values()

function base64Values(): Uint8Array {
  const table = new Uint8Array(128).fill(255)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i
  return table
}

/**
 * Decodes base64 (RFC 4648 §4). White space is skipped, as vCards break lines; padding may be missing, as it often is.
 * `undefined` for anything else that is not base64.
 */
export function findBase64(text: string): Uint8Array | undefined {
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let length = 0
  let bits = 0
  let count = 0
  let i = 0
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) continue
    if (c === 0x3d) break
    const value = c < 128 ? (VALUES[c] ?? 255) : 255
    if (value === 255) return undefined
    bits = ((bits << 6) | value) & 0xffffff
    if (++count % 4 !== 0) continue
    out[length++] = bits >> 16
    out[length++] = (bits >> 8) & 255
    out[length++] = bits & 255
  }
  if (!/^[= \t\r\n]*$/.test(text.slice(i, i + 64)) || text.length - i > 64) return undefined
  const rest = count % 4
  if (rest === 1) return undefined
  if (rest === 2) out[length++] = (bits >> 4) & 255
  if (rest === 3) {
    out[length++] = (bits >> 10) & 255
    out[length++] = (bits >> 2) & 255
  }
  return out.subarray(0, length)
}

/** Encodes bytes as base64, with padding and without line breaks. */
export function base64From(bytes: Uint8Array): string {
  let binary = ''
  // In slices, because arguments are limited in number.
  for (let i = 0; i < bytes.length; i += 0x2000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x2000))
  return btoa(binary)
}
