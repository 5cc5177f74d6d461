export { ENCRYPTION_POLICIES, HASH_NAMES } from './around.ts'
export type {
  Around,
  AvatarInfo,
  Edge,
  EncryptionPolicy,
  HashName,
  Lookups,
  MadeImage,
  ReEncoding,
  SharedFile,
} from './around.ts'
export { filterImages } from './filter.ts'
export { NOTICE } from './notice.ts'
export { FETCH_TIMEOUT_MS, INLINE_TIMEOUT_MS, imageRefused } from './pass.ts'
export { buildInfo, setPicture } from './profile.ts'
export { NS_STICKERS } from './files.ts'
export { packId } from './stickers.ts'
export { FILTER_VERSION } from './version.ts'
