import { createContext, use } from 'react'
import { de } from './de.ts'
import { en, type Texts } from './en.ts'

export type { Texts } from './en.ts'

/** Every language the console speaks, under its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

export const TEXTS: Record<Language, Texts> = { en, de }

const KEY = 'drawbridge.language'

/** The language chosen before, here or in the chat client of this browser, or the best of the browser's. */
export function firstLanguage(): Language {
  const tags = [readChoice(), ...navigator.languages]
  return tags.map((tag) => tag.toLowerCase().split('-')[0]).find(isLanguage) ?? 'en'
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // Forbidden storage: the choice lasts as long as the page.
  }
}

function readChoice(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

function isLanguage(tag: string | undefined): tag is Language {
  return tag === 'en' || tag === 'de'
}

export const LanguageContext = createContext<Language>('en')

export function useTexts(): { readonly t: Texts; readonly language: Language } {
  const language = use(LanguageContext)
  return { t: TEXTS[language], language }
}
