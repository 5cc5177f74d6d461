/** One entry of a tar file to be built. */
export interface TarEntry {
  readonly name: string
  readonly content?: Uint8Array | string
  /** `2`: a symbolic link to `link`. Default `0`, a file. */
  readonly type?: string
  readonly link?: string
}

const BLOCK = 512

/** A ustar file, or one of the kind before it, which has no magic. */
export function buildTar(entries: readonly TarEntry[], { isV7 = false } = {}): Buffer {
  const parts = entries.flatMap(({ name, content = '', type = '0', link = '' }) => {
    const body = Buffer.from(content)
    const head = Buffer.alloc(BLOCK)
    head.write(name, 0, 100, 'utf8')
    head.write('0000644', 100, 'latin1')
    head.write(body.length.toString(8).padStart(11, '0'), 124, 'latin1')
    head.write(type, 156, 'latin1')
    head.write(link, 157, 100, 'utf8')
    if (!isV7) head.write('ustar\u000000', 257, 'latin1')
    head.fill(' ', 148, 156)
    const sum = head.reduce((total, byte) => total + byte, 0)
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    return [head, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}
