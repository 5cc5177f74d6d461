import {
  ENCRYPTION_FAMILY,
  NS_AVATAR_METADATA,
  NS_CLIENT,
  NS_FILE_METADATA,
  NS_OOB,
  NS_REFERENCE,
  NS_SFS,
  NS_SIMS,
  NS_THUMBS,
  NS_VCARD,
  NS_VCARD4,
  NS_VCARD_UPDATE,
  NS_XHTML,
  NS_XHTML_IM,
  NS_URL_DATA,
} from '@drawbridge/xmpp'
import type { Visited } from './around.ts'
import {
  denyEncryptedFile,
  denyEncryption,
  denyTransfer,
  ENCRYPTED_FILES,
  ENCRYPTION,
  ENCRYPTED_FILES_FAMILY,
  TRANSFER_FAMILY,
  TRANSFERS,
  TUNNELS,
} from './denied.ts'
import { NS_STICKERS, rewriteFileSharing, rewriteMediaSharing, stripMetadata, stripThumbnail } from './files.ts'
import {
  NS_ATOM,
  NS_MEDIA_ELEMENT,
  rewriteMedia,
  rewriteOutOfBand,
  rewriteReference,
  rewriteUrlData,
  strip,
  stripAtom,
  WEB,
  WEB_FAMILY,
} from './links.ts'
import type { Pass } from './pass.ts'
import { rewriteMetadata, rewritePhotoHash, rewriteVcard, stripVcard4 } from './profile.ts'
import { rewriteStickers } from './stickers.ts'

/** What happens to the elements of some namespaces, wherever they stand. */
export interface Rule {
  /** Of the matrix (`paths.ts`). */
  readonly rows: readonly number[]
  readonly namespaces: readonly string[]
  /** Further namespaces, by how they are written: versions to come, and what nobody could list. */
  readonly family?: RegExp
  /** It writes what is known of our images, which has to be written again when they are others (`Around.isRenewal`). */
  readonly isRenewed?: true
  apply(visited: Visited, pass: Pass): void
}

/** One namespace has one rule. What no rule names is searched for images all the same. */
export const RULES: readonly Rule[] = [
  { rows: [3], namespaces: [NS_OOB], apply: rewriteOutOfBand },
  { rows: [3], namespaces: [NS_URL_DATA], apply: rewriteUrlData },
  { rows: [3, 4], namespaces: [NS_REFERENCE], apply: rewriteReference },
  { rows: [4], namespaces: [NS_SFS], isRenewed: true, apply: rewriteFileSharing },
  { rows: [4], namespaces: [NS_SIMS], isRenewed: true, apply: rewriteMediaSharing },
  { rows: [4], namespaces: [NS_FILE_METADATA], apply: stripMetadata },
  { rows: [5], namespaces: [NS_THUMBS, 'urn:xmpp:thumbs:0'], apply: stripThumbnail },
  { rows: [8], namespaces: [NS_XHTML_IM, NS_XHTML], apply: strip },
  { rows: [10, 11], namespaces: [NS_AVATAR_METADATA], apply: rewriteMetadata },
  { rows: [12, 13], namespaces: [NS_VCARD], isRenewed: true, apply: rewriteVcard },
  { rows: [14], namespaces: [NS_VCARD_UPDATE], isRenewed: true, apply: rewritePhotoHash },
  { rows: [16], namespaces: [NS_VCARD4], apply: stripVcard4 },
  { rows: [18], namespaces: [NS_STICKERS], isRenewed: true, apply: rewriteStickers },
  { rows: [19], namespaces: ['http://www.w3.org/1999/02/22-rdf-syntax-ns#'], apply: strip },
  { rows: [20], namespaces: [NS_MEDIA_ELEMENT], apply: rewriteMedia },
  { rows: [20], namespaces: ['urn:xmpp:captcha'], apply: strip },
  { rows: [21], namespaces: [NS_ATOM], apply: stripAtom },
  { rows: [21, 36], namespaces: WEB, family: WEB_FAMILY, apply: strip },
  { rows: [22, 23], namespaces: TRANSFERS, family: TRANSFER_FAMILY, apply: denyTransfer },
  { rows: [35], namespaces: TUNNELS, apply: denyTransfer },
  { rows: [24], namespaces: ENCRYPTION, family: ENCRYPTION_FAMILY, apply: denyEncryption },
  { rows: [25], namespaces: ENCRYPTED_FILES, family: ENCRYPTED_FILES_FAMILY, apply: denyEncryptedFile },
]

const BY_NAMESPACE: ReadonlyMap<string, Rule> = new Map(
  RULES.flatMap((rule) => rule.namespaces.map((namespace) => [namespace, rule] as const)),
)

const FAMILIES = RULES.flatMap((rule) => (rule.family ? [{ rule, family: rule.family }] : []))

/** The rule for elements of a namespace. */
export function findRule(namespace: string): Rule | undefined {
  // Most elements, and nothing for a rule.
  if (namespace === NS_CLIENT) return undefined
  return BY_NAMESPACE.get(namespace) ?? FAMILIES.find(({ family }) => family.test(namespace))?.rule
}
