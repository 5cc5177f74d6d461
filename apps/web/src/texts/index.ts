import { de } from './de.ts'
import { en, type Texts } from './en.ts'

export type { Texts } from './en.ts'

/** Every language the client speaks, under its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

export const TEXTS: Record<Language, Texts> = { en, de }

/** The first language of `preferred` (BCP 47 tags, best first) that we speak, or English. */
export function chooseLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0]
    if (language === 'de' || language === 'en') return language
  }
  return 'en'
}
