import { readSync, writeSync } from 'node:fs'

/**
 * Blocking frames over stdin and stdout. Blocking is right here: a child does one thing at a time, and plain `read` and
 * `write` into one buffer are the fewest system calls and copies.
 */

/** The next frame, or undefined when the parent has closed the pipe. */
export function readFrame(): Buffer | undefined {
  const head = Buffer.allocUnsafe(4)
  if (!fill(head)) return undefined
  const body = Buffer.allocUnsafe(head.readUInt32BE(0))
  return fill(body) ? body : undefined
}

/** Writes one frame. Throws when the parent is gone. */
export function writeFrame(body: Uint8Array): void {
  const head = Buffer.allocUnsafe(4)
  head.writeUInt32BE(body.length)
  drain(head)
  drain(body)
}

function fill(target: Buffer): boolean {
  for (let at = 0; at < target.length;) {
    const count = readSync(0, target, at, target.length - at, null)
    if (count === 0) return false
    at += count
  }
  return true
}

function drain(source: Uint8Array): void {
  for (let at = 0; at < source.length;) at += writeSync(1, source, at, source.length - at)
}
