import { useLanguage } from '@drawbridge/ui'
import type { Language } from '@drawbridge/ui'
import { de } from './de.ts'
import { en, type Texts } from './en.ts'

export type { Texts } from './en.ts'

export const TEXTS: Record<Language, Texts> = { en, de }

export function useTexts(): { readonly t: Texts; readonly language: Language } {
  const language = useLanguage()
  return { t: TEXTS[language], language }
}
