import { constants } from 'node:fs'

/**
 * `node --require`, level C, and by it in every worker: the WebAssembly build of libvips asks `process.binding` for the
 * constants of the file system, which Node's permission model denies. Without an answer its workers hang.
 */
const answer = (): unknown => ({ fs: constants })
Object.defineProperty(process, 'binding', { value: answer })
