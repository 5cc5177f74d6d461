import { RULES } from './rules.ts'

/** What becomes of an image on a path. */
export type Action =
  /** Made anew, and everything that names it written anew. */
  | 'rewrite'
  /** Taken out; the rest passes. */
  | 'strip'
  /** What holds it is refused. */
  | 'deny'
  /** There is no such path here. */
  | 'absent'

/** One way by which bytes of a sender could reach another person's decoder. */
export interface Path {
  readonly row: number
  readonly path: string
  readonly action: Action
  /** What happens, in one line. */
  readonly what: string
  /** Where a test names the row; nothing for a path that does not exist. */
  readonly test?: string
}

const FEATURES = 'apps/server/src/features'
const FILTER = 'packages/image-filter/src/filter.test.ts'
const STORY = `${FEATURES}/image-filter/image-filter.story.test.ts`
const RE_HOST = `${FEATURES}/image-filter/re-host.story.test.ts`
const RECORDER = 'apps/server/test/streams/image-paths.story.test.ts'
const AVATARS = `${FEATURES}/avatars/avatars.story.test.ts`
const UPLOADS = `${FEATURES}/upload/upload.story.test.ts`

/**
 * Every path there is known to be, in the order of the matrix. What the filter does is in `rules.ts`; a test holds both
 * together, and that every row has a test which names it.
 */
export const PATHS: readonly Path[] = [
  {
    row: 1,
    path: 'Upload: PUT and GET (XEP-0363)',
    action: 'rewrite',
    what: '201 only when there is a clean file; nothing else is ever served',
    test: UPLOADS,
  },
  {
    row: 2,
    path: 'Uploads of other files',
    action: 'rewrite',
    what: 'what looks like an image is one; anything else is an attachment without a type, by the policy for files',
    test: UPLOADS,
  },
  {
    row: 3,
    path: 'Links: XEP-0066, XEP-0103, XEP-0372',
    action: 'rewrite',
    what: 'elements that make a client load something point to uploads here or go; where the media policy says `proxy`, an image on another host is fetched and becomes one; links in texts stay',
    test: RE_HOST,
  },
  {
    row: 4,
    path: 'Shared files: XEP-0385, XEP-0446, XEP-0447',
    action: 'rewrite',
    what: 'the source that is ours stays, and type, name, size, width, height and hash are those of the clean file; without one, the element goes',
    test: STORY,
  },
  {
    row: 5,
    path: 'Thumbnails: XEP-0264',
    action: 'rewrite',
    what: 'those of the clean file, with a ThumbHash of it; one that comes with the stanza is cleaned; any other goes',
    test: STORY,
  },
  {
    row: 6,
    path: 'Bits of Binary in a stanza (XEP-0231)',
    action: 'rewrite',
    what: 'cleaned, at most 64 KiB and eight of them, named after the clean bytes; what nothing refers to goes',
    test: STORY,
  },
  {
    row: 7,
    path: 'Bits of Binary asked for (XEP-0231)',
    action: 'rewrite',
    what: 'answered from the clean store to whom the image was sent; no client is ever asked',
    test: STORY,
  },
  { row: 8, path: 'XHTML-IM (XEP-0071)', action: 'strip', what: 'goes; the plain text stays', test: STORY },
  {
    row: 9,
    path: '`data:` and naked base64 in texts, XEP-0394, XEP-0461',
    action: 'strip',
    what: 'replaced by a notice, in any spelling and with any label',
    test: STORY,
  },
  {
    row: 10,
    path: 'Avatars (XEP-0084)',
    action: 'rewrite',
    what: 'cleaned, stored under the new SHA-1; metadata only of clean avatars, every attribute written anew',
    test: AVATARS,
  },
  {
    row: 11,
    path: '`url` of an avatar (XEP-0084)',
    action: 'strip',
    what: 'goes; where the media policy says `proxy`, an avatar that is nowhere else is fetched and becomes data of ours',
    test: RE_HOST,
  },
  {
    row: 12,
    path: 'PHOTO and LOGO (XEP-0054)',
    action: 'rewrite',
    what: 'cleaned before it is stored; the type is that of our encoder',
    test: AVATARS,
  },
  {
    row: 13,
    path: 'EXTVAL, SOUND, AGENT, KEY (XEP-0054)',
    action: 'strip',
    what: 'go; a picture at an address as row 11',
    test: AVATARS,
  },
  {
    row: 14,
    path: 'Hash in presence (XEP-0153)',
    action: 'rewrite',
    what: 'that of the clean avatar; from components and other servers, one that is not known goes',
    test: AVATARS,
  },
  {
    row: 15,
    path: 'Conversion of avatars (XEP-0398)',
    action: 'rewrite',
    what: 'one avatar, both views of it',
    test: AVATARS,
  },
  {
    row: 16,
    path: 'vCard4 (XEP-0292)',
    action: 'strip',
    what: 'photo, logo, sound and key go; the picture is the avatar’s affair',
    test: `${FEATURES}/pep/vcard.story.test.ts`,
  },
  {
    row: 17,
    path: 'Pictures of rooms (XEP-0486)',
    action: 'rewrite',
    what: 'as those of people',
    test: `${FEATURES}/muc/people.story.test.ts`,
  },
  {
    row: 18,
    path: 'Stickers (XEP-0449)',
    action: 'rewrite',
    what: 'a pack keeps what is uploaded here and is named after its new hash; a sticker names a pack of its sender or none',
    test: `${FEATURES}/pep/stickers.story.test.ts`,
  },
  { row: 19, path: 'What a sender says of a link (XEP-0511)', action: 'strip', what: 'goes', test: FILTER },
  {
    row: 20,
    path: 'Media in forms (XEP-0221, XEP-0232), CAPTCHAs (XEP-0158)',
    action: 'strip',
    what: 'media stay when they are ours or in the stanza; CAPTCHAs of others go',
    test: FILTER,
  },
  {
    row: 21,
    path: 'PubSub items of any node, microblogs (XEP-0277, XEP-0472)',
    action: 'strip',
    what: 'the same filter, unknown nodes at most 16 KiB; enclosures as row 3, markup as row 8',
    test: FILTER,
  },
  {
    row: 22,
    path: 'In-Band Bytestreams (XEP-0047)',
    action: 'deny',
    what: '`not-allowed`, with the advice to upload',
    test: STORY,
  },
  {
    row: 23,
    path: 'File transfer by Jingle and before it',
    action: 'deny',
    what: '`not-allowed`; calls pass',
    test: STORY,
  },
  {
    row: 24,
    path: 'End-to-end encrypted text',
    action: 'deny',
    what: 'by the media policy: refused, up to 8 KiB, or believed; the answer to `urn:drawbridge:e2ee:0` says which',
    test: STORY,
  },
  {
    row: 25,
    path: 'End-to-end encrypted files (XEP-0448, XEP-0454)',
    action: 'deny',
    what: '`policy-violation`, unless the media policy believes clients',
    test: STORY,
  },
  {
    row: 26,
    path: 'From other servers',
    action: 'rewrite',
    what: 'there is no federation yet; the filter has the edge, and refuses what it does not know',
    test: FILTER,
  },
  { row: 27, path: 'To other servers', action: 'absent', what: 'there is no federation yet' },
  {
    row: 28,
    path: 'Archive, offline messages, carbons, forwarding, room history',
    action: 'rewrite',
    what: 'stored as filtered, with the version; what is older is filtered again before it is shown',
    test: RECORDER,
  },
  {
    row: 29,
    path: 'Imports',
    action: 'rewrite',
    what: 'there is no importer yet; rows that anything else wrote have no version, and pass the filter before they are shown',
    test: RECORDER,
  },
  {
    row: 30,
    path: 'Components (XEP-0114), REST',
    action: 'rewrite',
    what: 'the same filter, never trusted; REST takes no stanza',
    test: RECORDER,
  },
  { row: 31, path: 'Photos from LDAP, SCIM, SAML, OIDC', action: 'absent', what: 'no directory is read' },
  { row: 32, path: 'Logo, favicon, background', action: 'absent', what: 'they cannot be set' },
  {
    row: 33,
    path: 'Push, e-mail',
    action: 'strip',
    what: 'a push holds text at most, of the filtered message; there is no e-mail',
    test: 'apps/server/src/routing/filter-stored.story.test.ts',
  },
  {
    row: 34,
    path: 'Previews of links',
    action: 'absent',
    what: 'see row 19; what this server may fetch itself goes through the sanitizer',
  },
  {
    row: 35,
    path: 'HTTP, SOAP and programs in stanzas (XEP-0332, XEP-0072, XEP-0491)',
    action: 'deny',
    what: '`not-allowed`',
    test: STORY,
  },
  { row: 36, path: 'Forms, location, tune', action: 'strip', what: 'as row 9, and rule 3', test: STORY },
  {
    row: 37,
    path: 'TCP, WebSocket, BOSH',
    action: 'rewrite',
    what: 'the filter stands above the transports',
    test: RECORDER,
  },
  { row: 38, path: 'Subjects and descriptions of rooms', action: 'strip', what: 'as row 9', test: FILTER },
  {
    row: 39,
    path: 'Proxies, backups, temporary folders',
    action: 'absent',
    what: 'quarantine is a folder of its own that no route reaches; what an operator copies is the operator’s',
  },
  {
    row: 40,
    path: 'Our own client',
    action: 'strip',
    what: 'the browser loads images from this server only',
    test: 'e2e/web/images.test.ts',
  },
]

/** The namespaces that the filter knows for a row. */
export function namespacesOf(row: number): readonly string[] {
  return RULES.filter(({ rows }) => rows.includes(row)).flatMap(({ namespaces }) => namespaces)
}
