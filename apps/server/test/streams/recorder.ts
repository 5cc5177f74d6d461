import { createHash } from 'node:crypto'

/** How files of images begin, and how SVG does. */
const MAGIC = [
  /^\x89PNG\r\n\x1a\n/,
  /^\xff\xd8\xff/,
  /^GIF8[79]a/,
  /^RIFF.{4}WEBP/s,
  /^BM.{4}\0\0\0\0/s,
  /^II\*\0|^MM\0\*/,
  /^\s*<(?:\?xml|svg)/,
]
/** What only a sender writes into an image of these tests. */
const MARK = /SENDER-[A-Z0-9-]+/g

/** Something that reached the victim and should not have. */
export interface Finding {
  /** Where the victim got it. */
  readonly path: string
  readonly what: 'image' | 'mark' | 'foreign link'
  readonly excerpt: string
}

/**
 * The victim's side: everything that anybody was sent on any path. It knows no XEP. Each run of base64 or hexadecimal
 * digits is decoded, at every alignment; an image that is not in the clean store is a finding, and so is whatever of the
 * sender's bytes is left, and each address on another host where a client would load it.
 */
export class Recorder {
  readonly #clean = new Set<string>()
  readonly findings: Finding[] = []
  /** Images that were found and are ours. */
  readonly ours = new Set<string>()
  readonly urls = new Set<string>()
  bytes = 0

  /** An image that the sanitizer made. */
  made(bytes: Uint8Array): void {
    this.#clean.add(sha256(bytes))
  }

  text(path: string, text: string): void {
    this.bytes += text.length
    for (const [url] of text.matchAll(/https?:\/\/[^\s"'<>]+/g)) this.urls.add(url.replaceAll('&amp;', '&'))
    const loaded =
      /(?:\s(?:uri|target|src|href|url)=["']|<url>|<uri[^>]*>|<EXTVAL>|<image[^>]*>)https?:\/\/evil\.test[^\s"'<]*/g
    for (const [excerpt] of text.matchAll(loaded)) this.findings.push({ path, what: 'foreign link', excerpt })
    this.#marks(path, text)
    for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{32,}={0,2}/g)) this.#run(path, run)
    // Base64 may be broken into lines.
    for (const [run] of text.matchAll(/(?:[A-Za-z0-9+/]{16,}={0,2}\s+)+[A-Za-z0-9+/]{4,}={0,2}/g))
      this.#run(path, run.replace(/\s+/g, ''))
    for (const [run] of text.matchAll(/(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9]){32,}/g)) {
      if (run.includes('%'))
        this.file(
          path,
          Buffer.from(
            run.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
            'latin1',
          ),
        )
    }
  }

  #run(path: string, run: string): void {
    this.file(path, Buffer.from(run.replaceAll('-', '+').replaceAll('_', '/'), 'base64'))
    for (let at = 1; at < 4; at++) this.#marks(path, Buffer.from(run.slice(at), 'base64').toString('latin1'))
    if (/^(?:[0-9a-f]{2})+$/i.test(run)) this.file(path, Buffer.from(run, 'hex'))
  }

  /** Bytes that a client may decode. */
  file(path: string, bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('latin1')
    this.#marks(path, text)
    if (!MAGIC.some((magic) => magic.test(text))) return
    const hash = sha256(bytes)
    if (this.#clean.has(hash)) this.ours.add(hash)
    else this.findings.push({ path, what: 'image', excerpt: JSON.stringify(text.slice(0, 60)) })
  }

  #marks(path: string, text: string): void {
    for (const [excerpt] of text.matchAll(MARK)) this.findings.push({ path, what: 'mark', excerpt })
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** An image as an attacker sends it; its row is found wherever its bytes are. */
export function rawImage(name: string): Buffer {
  return Buffer.from(
    `\x89PNG\r\n\x1a\n\0\0\0\rIHDR SENDER-${name.toUpperCase()} and more bytes of the sender`,
    'latin1',
  )
}
