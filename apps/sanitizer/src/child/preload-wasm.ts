import { constants } from 'node:fs'
import { Writable } from 'node:stream'
import { isMainThread } from 'node:worker_threads'

/** `node --require`, level C, and by it in every worker: what the WebAssembly build of libvips needs of Node. */

// It asks `process.binding` for the constants of the file system, which Node's permission model denies. Without an
// answer its workers hang.
const answer = (): unknown => ({ fs: constants })
Object.defineProperty(process, 'binding', { value: answer })

// Its workers print to `process.stdout`; once Node opens that, descriptor 1 no longer blocks, and answers are cut short.
if (isMainThread) {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  Object.defineProperty(process, 'stdout', { value: nowhere })
}
