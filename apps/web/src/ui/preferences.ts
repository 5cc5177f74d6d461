import { useSyncExternalStore } from 'react'
import { createStore } from '../state/store.ts'
import { chooseLanguage, LANGUAGES, type Language } from '../texts/index.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const THEME_KEY = 'drawbridge.theme'
const LANGUAGE_KEY = 'drawbridge.language'
const PREVIEWS_KEY = 'drawbridge.previews'

interface Preferences {
  readonly theme: Theme
  readonly language: Language
  /** Whether what is behind links is shown, where the server looks for it. */
  readonly showsPreviews: boolean
}

const store = createStore<Preferences>({ theme: 'system', language: 'en', showsPreviews: true })

/** Reads what was chosen before, and lets the page follow it. */
export function startPreferences(): void {
  const theme = THEMES.find((known) => known === read(THEME_KEY)) ?? 'system'
  const stored = read(LANGUAGE_KEY)
  const language = stored !== null && stored in LANGUAGES ? (stored as Language) : chooseLanguage(navigator.languages)
  store.subscribe(show)
  store.update(() => ({ theme, language, showsPreviews: read(PREVIEWS_KEY) !== 'no' }))
}

export function usePreferences() {
  const preferences = useSyncExternalStore(store.subscribe, store.get)
  return {
    ...preferences,
    setTheme(theme: Theme) {
      write(THEME_KEY, theme)
      store.update((state) => ({ ...state, theme }))
    },
    setLanguage(language: Language) {
      write(LANGUAGE_KEY, language)
      store.update((state) => ({ ...state, language }))
    },
    setShowsPreviews(showsPreviews: boolean) {
      write(PREVIEWS_KEY, showsPreviews ? 'yes' : 'no')
      store.update((state) => ({ ...state, showsPreviews }))
    },
  }
}

function show(): void {
  const { theme, language } = store.get()
  document.documentElement.lang = language
  document.documentElement.dataset['theme'] = theme
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Forbidden storage: the choice lasts as long as the page.
  }
}
