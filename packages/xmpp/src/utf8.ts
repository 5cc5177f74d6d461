/**
 * Where a chunk of UTF-8 can be cut so that no character is split: its length without the beginning of a sequence at
 * its end. Looks at the last three bytes only; whether they are legal is not its question.
 */
export function completeLength(bytes: Uint8Array): number {
  const { length } = bytes
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0
    if (byte < 0x80) return length
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return size > back ? length - back : length
    }
  }
  return length
}

/** How many bytes at the beginning are legal UTF-8 (RFC 3629 §4); at most `bytes.length`. */
export function validLength(bytes: Uint8Array): number {
  const { length } = bytes
  let i = 0
  while (i < length) {
    const lead = bytes[i] ?? 0
    if (lead < 0x80) {
      i++
      continue
    }
    const size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
    if (size === 0 || i + size > length) return i
    const second = bytes[i + 1] ?? 0
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (second < low || second > high) return i
    for (let k = 2; k < size; k++) if (((bytes[i + k] ?? 0) & 0xc0) !== 0x80) return i
    i += size
  }
  return length
}

/** How far `text` can be read from `from` before more than `maxBytes` of UTF-8 have passed; an index into `text`. */
export function indexAfterBytes(text: string, from: number, maxBytes: number): number {
  let bytes = 0
  let i = from
  while (i < text.length) {
    const c = text.charCodeAt(i)
    const isPair = c >= 0xd800 && c < 0xdc00
    bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : isPair ? 4 : 3
    if (bytes > maxBytes) return i
    i += isPair ? 2 : 1
  }
  return i
}
