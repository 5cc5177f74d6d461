import { readFile } from 'node:fs/promises'
import { Refused } from './command.ts'

/** Beginnings of files that are no text, and what they are. */
const PACKED: readonly (readonly [start: string, what: string])[] = [
  ['1f8b', 'compressed by gzip'],
  ['504b0304', 'a ZIP archive'],
  ['28b52ffd', 'compressed by zstd'],
  ['fd377a58', 'compressed by xz'],
]

/**
 * The text of a file in UTF-8, or in UTF-16 where it begins with the mark of its byte order, which is never part of the
 * text. PowerShell and some office programs write both.
 *
 * @throws Refused where it cannot be read, is too large, or is no text.
 */
export async function readText(path: string, maxBytes: number): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Refused(`${path} cannot be read: ${(error as Error).message}`)
  })
  if (bytes.length > maxBytes) throw new Refused(`${path} is larger than ${maxBytes} bytes.`)
  const start = bytes.subarray(0, 4).toString('hex')
  const packed = PACKED.find(([magic]) => start.startsWith(magic))
  if (packed) throw new Refused(`${path} is ${packed[1]}: unpack it first.`)
  const encoding = start.startsWith('fffe') ? 'utf-16le' : start.startsWith('feff') ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Refused(`${path} is no text in UTF-8.`)
  }
}
