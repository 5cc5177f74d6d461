import { crc32, deflateSync } from 'node:zlib'

const WIDTH_PX = 160
const HEIGHT_PX = 120
/** Background and sign, as red, green and blue. */
const PALETTE = [0xe5, 0xe7, 0xeb, 0x6b, 0x72, 0x80]

let made: Buffer | undefined

/** A picture that says "paused" without a word, drawn here: two bars. For whoever gets no text in the place of an image. */
export function pausedImage(): Buffer {
  return (made ??= Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    // 8 bits for each pixel, by palette (PNG §11.2.2).
    chunk('IHDR', Buffer.from([...uint32(WIDTH_PX), ...uint32(HEIGHT_PX), 8, 3, 0, 0, 0])),
    chunk('PLTE', Buffer.from(PALETTE)),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: HEIGHT_PX }, (_, y) => row(y))))),
    chunk('IEND', Buffer.alloc(0)),
  ]))
}

/** One line: a filter that changes nothing, and its pixels. */
function row(y: number): Buffer {
  const isBeside = Math.abs(y - HEIGHT_PX / 2) > 24
  const pixels = Array.from({ length: WIDTH_PX }, (_, x) => {
    const fromCenterPx = Math.abs(x + 0.5 - WIDTH_PX / 2)
    return !isBeside && fromCenterPx > 6 && fromCenterPx < 18 ? 1 : 0
  })
  return Buffer.from([0, ...pixels])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  return Buffer.concat([Buffer.from(uint32(data.length)), body, Buffer.from(uint32(crc32(body)))])
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

const TEXTS: ReadonlySet<string> = new Set(['application/problem+json', 'application/json', 'text/html'])

/** Whether whoever asks would rather have an image than a text (RFC 9110 §12.5.1), as the `<img>` of a browser does. */
export function prefersImage(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return { type, weight: q === undefined ? 1 : Number(q.slice(2)) || 0 }
  })
  const best = (matches: (type: string) => boolean) =>
    Math.max(0, ...ranges.filter(({ type }) => matches(type)).map(({ weight }) => weight))
  return best((type) => /^image\/(?:\*|png)$/u.test(type)) > best((type) => TEXTS.has(type))
}
