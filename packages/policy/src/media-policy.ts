import { z } from 'zod'

/**
 * What becomes of end-to-end encrypted payloads, which nobody here can look into (images §6). Strictest first: a scanner
 * that holds the key makes the image anew itself, a client that does so has to be believed.
 */
export const E2EE_POLICIES = ['refuse', 'text-only', 'scan-with-key', 'client-sanitize'] as const
/** What becomes of media on other hosts (images §6, row 3): dropped, left as a link in the text, or fetched and cleaned. */
export const EXTERNAL_MEDIA = ['strip', 'link-only', 'proxy'] as const
/** What a file is for as long as no engine can say whether it holds a virus: refused or let through. */
export const ANTIVIRUS_FAILURES = ['closed', 'open'] as const
/** What becomes of a sender's bytes after the verdict. Who has to keep evidence has to, so that comes first. */
export const ORIGINALS = ['seal', 'discard'] as const
export const AVIF_POLICIES = ['refuse', 'accept'] as const

/**
 * What a file is found to be or to hold, archives inside it included. One file has as many as apply.
 *
 * `executable` programs and libraries of any system, installers, JAR, APK; `script` what an interpreter or a desktop runs
 * on a click; `macros` documents with code; `active-content` what a browser would run; `encrypted-archive` an archive or
 * document that needs a password; `unreadable-archive` one whose list of files cannot be read here, such as 7z;
 * `unsafe-archive` bombs, names that leave the folder, broken structure; `mismatch` the name says something else than the
 * content; `opaque` no known type and the look of encryption.
 */
export const FILE_CLASSES = [
  'executable',
  'script',
  'macros',
  'active-content',
  'encrypted-archive',
  'unreadable-archive',
  'unsafe-archive',
  'mismatch',
  'opaque',
  'archive',
  'document',
  'audio',
  'video',
  'image',
  'text',
  'other',
] as const
export type FileClass = (typeof FILE_CLASSES)[number]

const DANGEROUS: readonly FileClass[] = [
  'executable',
  'script',
  'macros',
  'encrypted-archive',
  'unreadable-archive',
  'unsafe-archive',
  'mismatch',
]

const classes = z.array(z.enum(FILE_CLASSES)).max(FILE_CLASSES.length).readonly()
const bytes = z.int().min(0).nullable()

const FIELDS = {
  e2ee: z
    .enum(E2EE_POLICIES)
    .meta({ description: 'End-to-end encrypted payloads. All but `refuse` leave the guarantee.' }),
  externalMedia: z.enum(EXTERNAL_MEDIA).meta({ description: 'Media on other hosts that clients would load.' }),
  antivirus: z
    .enum(ANTIVIRUS_FAILURES)
    .meta({ description: 'While no antivirus engine answers: refuse files (`closed`) or let them pass (`open`).' }),
  originals: z.enum(ORIGINALS).meta({ description: 'Bytes as the sender made them: gone, or sealed for evidence.' }),
  avif: z.enum(AVIF_POLICIES).meta({ description: 'Images in AVIF.' }),
  refuseUpload: classes.meta({ description: 'What may not be uploaded.' }),
  refuseDownload: classes.meta({ description: 'What may not be fetched, whenever it was uploaded.' }),
  maxFileBytes: bytes.meta({ description: 'Largest file. Null: as configured for the server.' }),
  maxDayBytes: bytes.meta({ description: 'What one account may upload in 24 hours. Null: as configured.' }),
  maxStoredBytes: bytes.meta({ description: 'What files of one account may take up. Null: no limit.' }),
} as const

/** The media policy of the whole service. A field that is not named has its default. */
export const mediaPolicy = z
  .strictObject({
    e2ee: FIELDS.e2ee.default('refuse'),
    externalMedia: FIELDS.externalMedia.default('link-only'),
    antivirus: FIELDS.antivirus.default('closed'),
    originals: FIELDS.originals.default('discard'),
    avif: FIELDS.avif.default('refuse'),
    refuseUpload: FIELDS.refuseUpload.default(DANGEROUS),
    refuseDownload: FIELDS.refuseDownload.default([]),
    maxFileBytes: FIELDS.maxFileBytes.default(null),
    maxDayBytes: FIELDS.maxDayBytes.default(null),
    maxStoredBytes: FIELDS.maxStoredBytes.default(null),
  })
  .meta({ id: 'MediaPolicy' })

/** What a unit says otherwise. A field that is not named is as the service has it. */
export const unitMediaPolicy = z
  .strictObject({
    ...FIELDS,
    maxUnitBytes: bytes.meta({ description: 'What the files of all its members may take up. Null: no limit.' }),
  })
  .partial()
  .meta({ id: 'UnitMediaPolicy' })

/** Media policies of the service and of units, by the unit's name. */
export const mediaSettings = z.strictObject({
  service: mediaPolicy,
  units: z.record(z.string(), unitMediaPolicy).readonly(),
})

export type MediaPolicy = z.output<typeof mediaPolicy>
export type UnitMediaPolicy = z.output<typeof unitMediaPolicy>
export type MediaSettings = z.output<typeof mediaSettings>
export type E2eePolicy = MediaPolicy['e2ee']
export type ExternalMedia = MediaPolicy['externalMedia']

type Field = keyof MediaPolicy
type Strictest<T> = (a: T, b: T) => T

/** The stricter of two answers, field by field. */
const STRICTEST: { readonly [F in Field]: Strictest<MediaPolicy[F]> } = {
  e2ee: firstOf(E2EE_POLICIES),
  externalMedia: firstOf(EXTERNAL_MEDIA),
  antivirus: firstOf(ANTIVIRUS_FAILURES),
  originals: firstOf(ORIGINALS),
  avif: firstOf(AVIF_POLICIES),
  refuseUpload: union,
  refuseDownload: union,
  maxFileBytes: least,
  maxDayBytes: least,
  maxStoredBytes: least,
}

/**
 * What holds for a member of these units: where units name a field, the strictest of them; else what the service says.
 * So a unit may be stricter or more open than the service, and being in one more unit never opens what another closed.
 */
export function mergeMediaPolicy(service: MediaPolicy, units: readonly UnitMediaPolicy[]): MediaPolicy {
  const merged: { -readonly [F in Field]: MediaPolicy[F] } = { ...service }
  for (const field of Object.keys(STRICTEST) as Field[]) mergeField(merged, field, units)
  return merged
}

/** Names of the fields in which two policies differ. */
export function changedMediaFields(before: UnitMediaPolicy, after: UnitMediaPolicy): (keyof UnitMediaPolicy)[] {
  const fields = [...Object.keys(FIELDS), 'maxUnitBytes'] as (keyof UnitMediaPolicy)[]
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
}

/** True when payloads that nobody here can read may be sent as files: then a file that looks encrypted may pass. */
export function allowsEncryptedMedia({ e2ee }: Pick<MediaPolicy, 'e2ee'>): boolean {
  return e2ee === 'scan-with-key' || e2ee === 'client-sanitize'
}

/** The first class of a file that may not go this way, in the order of `FILE_CLASSES`: the worst first. */
export function refusedClass(
  policy: MediaPolicy,
  classes: readonly FileClass[],
  direction: 'upload' | 'download',
): FileClass | undefined {
  const refused = direction === 'upload' ? policy.refuseUpload : policy.refuseDownload
  // What looks encrypted may be an encrypted image: that is for the policy of encrypted payloads to say.
  const isRefused = (name: FileClass) => refused.includes(name) || (name === 'opaque' && !allowsEncryptedMedia(policy))
  return FILE_CLASSES.find((name) => classes.includes(name) && isRefused(name))
}

function mergeField<F extends Field>(
  merged: { [K in F]: MediaPolicy[K] },
  field: F,
  units: readonly UnitMediaPolicy[],
) {
  let answer: MediaPolicy[F] | undefined
  for (const unit of units) {
    const said = unit[field] as MediaPolicy[F] | undefined
    if (said !== undefined) answer = answer === undefined ? said : STRICTEST[field](answer, said)
  }
  if (answer !== undefined) merged[field] = answer
}

function firstOf<const T extends string>(strictestFirst: readonly T[]): Strictest<T> {
  return (a, b) => (strictestFirst.indexOf(a) <= strictestFirst.indexOf(b) ? a : b)
}

function union(a: readonly FileClass[], b: readonly FileClass[]): readonly FileClass[] {
  return FILE_CLASSES.filter((name) => a.includes(name) || b.includes(name))
}

/** Null is no limit. */
function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
