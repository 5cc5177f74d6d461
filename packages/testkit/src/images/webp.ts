/** A RIFF file of these chunks; `riffSize` replaces the true size. */
export function webpOf(chunks: readonly Uint8Array[], riffSize?: number): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP'), ...chunks])
  const head = Buffer.from('RIFF\0\0\0\0', 'latin1')
  head.writeUInt32LE(riffSize ?? body.length, 4)
  return Buffer.concat([head, body])
}

export function webpChunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)])
}

/** VP8X: a canvas of up to 2^24 pixels a side. */
export function webpCanvas(widthPx: number, heightPx: number, flags: number): Buffer {
  const data = Buffer.alloc(10)
  data[0] = flags
  data.writeUIntLE(widthPx - 1, 4, 3)
  data.writeUIntLE(heightPx - 1, 7, 3)
  return webpChunk('VP8X', data)
}

/** VP8L with sides of its own choice and `body` as its bit stream. */
export function webpLossless(widthPx: number, heightPx: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head[0] = 0x2f
  head.writeUInt32LE((((heightPx - 1) << 14) | (widthPx - 1)) >>> 0, 1)
  return webpChunk('VP8L', Buffer.concat([head, body]))
}
