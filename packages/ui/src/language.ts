import { createContext, use } from 'react'
import { keepChoice, readChoice } from './kept-choice.ts'

/** Every language our pages speak, under its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'drawbridge.language'

/** The first language of `preferred` (BCP 47 tags, best first) that we speak, or English. */
export function chooseLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0]
    if (language === 'de' || language === 'en') return language
  }
  return 'en'
}

/** The language chosen before in any of our pages, or the best of the browser's. */
export function firstLanguage(): Language {
  const kept = readChoice(KEY)
  return chooseLanguage(kept === undefined ? navigator.languages : [kept, ...navigator.languages])
}

export function keepLanguage(language: Language): void {
  keepChoice(KEY, language)
}

/** The language of what is below. */
export const LanguageContext = createContext<Language>('en')

export function useLanguage(): Language {
  return use(LanguageContext)
}
