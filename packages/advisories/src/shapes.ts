import { z } from 'zod'

// What other people's documents are made of. Lengths are bounded, since all of it is stored and shown.

/** A short text, such as a name. */
export const word = z.string().max(1_024)
/** A text that is shown: longer ones are cut. */
export const prose = z.string().transform((text) => (text.length > 500 ? `${text.slice(0, 499)}…` : text))
/** An id of a flaw. */
export const flawId = z.string().regex(/^[\w.:-]{1,128}$/u)
/** A list that no honest record exceeds. */
export const list = <T extends z.ZodType>(item: T) => z.array(item).max(50_000)
