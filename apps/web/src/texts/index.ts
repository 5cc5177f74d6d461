import type { Language } from '@drawbridge/ui'
import { de } from './de.ts'
import { en, type Texts } from './en.ts'

export type { Texts } from './en.ts'

export const TEXTS: Record<Language, Texts> = { en, de }
