import { readSync, writeSync } from 'node:fs'

/**
 * Blocking frames over plain descriptors. Blocking is right here: a child does one thing at a time, and plain `read` and
 * `write` into one buffer are the fewest system calls and copies.
 */

/** The next frame, or undefined when the parent has closed the pipe. */
export function readFrame(fd: number): Buffer | undefined {
  const head = Buffer.allocUnsafe(4)
  if (!fill(fd, head)) return undefined
  const body = Buffer.allocUnsafe(head.readUInt32BE(0))
  return fill(fd, body) ? body : undefined
}

/** Writes one frame. Throws when the parent is gone. */
export function writeFrame(fd: number, body: Uint8Array): void {
  const head = Buffer.allocUnsafe(4)
  head.writeUInt32BE(body.length)
  drain(fd, head)
  drain(fd, body)
}

/** Reads until `target` is full. False: the other side closed before. */
export function fill(fd: number, target: Buffer): boolean {
  for (let at = 0; at < target.length;) {
    const count = whenReady(() => readSync(fd, target, at, target.length - at, null))
    if (count === 0) return false
    at += count
  }
  return true
}

/** Writes all of `source`. Throws when the other side is gone. */
export function drain(fd: number, source: Uint8Array): void {
  for (let at = 0; at < source.length;) at += whenReady(() => writeSync(fd, source, at, source.length - at))
}

const RETRY_MS = 0.2
const never = new Int32Array(new SharedArrayBuffer(4))

/** A worker that starts makes Node's standard descriptors non-blocking, for good: then this waits in its own way. */
function whenReady(call: () => number): number {
  for (;;) {
    try {
      return call()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(never, 0, 0, RETRY_MS)
    }
  }
}
