import { plural } from '@drawbridge/ui'

/** The form of a text that goes with a number. */
export const n = (count: number, one: string, other: string): string => plural('en', count, { one, other })
