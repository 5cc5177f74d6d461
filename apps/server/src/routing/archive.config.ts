import * as z from 'zod'

/** What the archive is told about the texts in it. */
export const archiveConfig = z.object({
  language: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'expected a language such as en or de-AT')
    .optional()
    .meta({
      env: 'DRAWBRIDGE_ARCHIVE_LANGUAGE',
      doc: 'Language of messages and searches that do not say theirs (xml:lang), so that a search for one form of a word finds the others. Unset, only the word itself is found. It holds for messages from then on.',
    }),
})

export type ArchiveConfig = z.output<typeof archiveConfig>
