import { z } from 'zod'

// What other people's documents are made of. Lengths are bounded, since all of it is stored and shown.

/** A short text, such as a name. Half a character (a lone surrogate) and NUL are none, and can be stored nowhere. */
export const word = z
  .string()
  .max(1_024)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'has a character that is none')
/** A text that is shown: longer ones are cut, and what is no character is replaced. */
export const prose = z
  .string()
  .transform((text) => (text.length > 500 ? `${text.slice(0, 499).toWellFormed()}…` : text.toWellFormed()))
  .transform((text) => text.replaceAll('\0', '\u{FFFD}'))
/** An id of a flaw. */
export const flawId = z.string().regex(/^[\w.:-]{1,128}$/u)
/** A list that no honest record exceeds. */
export const list = <T extends z.ZodType>(item: T) => z.array(item).max(50_000)
