import { type Archive, UnsafeArchive } from './archive.ts'

/** Id of the coder that encrypts (7-Zip, DOC/7zFormat.txt and Methods.txt). */
const AES_CODER = Buffer.from('06f10701', 'hex')
const HEADER_BYTES = 32

/**
 * Whether a 7z file needs a password. Its list of files is packed by LZMA as a rule, so it is not read: what cannot be
 * looked into is a class of its own.
 */
export function readSevenZip(bytes: Buffer): Archive {
  const at = HEADER_BYTES + Number(bytes.readBigUInt64LE(12))
  const length = Number(bytes.readBigUInt64LE(20))
  if (at + length > bytes.length) throw new UnsafeArchive('the header is behind the file')
  return { entries: [], isEncrypted: bytes.subarray(at, at + length).includes(AES_CODER) }
}
