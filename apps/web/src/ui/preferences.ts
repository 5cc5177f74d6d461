import { firstLanguage, keepChoice, keepLanguage, readChoice } from '@drawbridge/ui'
import type { Language } from '@drawbridge/ui'
import { useSyncExternalStore } from 'react'
import { createStore } from '../state/store.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const THEME_KEY = 'drawbridge.theme'
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
  const theme = THEMES.find((known) => known === readChoice(THEME_KEY)) ?? 'system'
  store.subscribe(show)
  store.update(() => ({ theme, language: firstLanguage(), showsPreviews: readChoice(PREVIEWS_KEY) !== 'no' }))
}

export function usePreferences() {
  const preferences = useSyncExternalStore(store.subscribe, store.get)
  return {
    ...preferences,
    setTheme(theme: Theme) {
      keepChoice(THEME_KEY, theme)
      store.update((state) => ({ ...state, theme }))
    },
    setLanguage(language: Language) {
      keepLanguage(language)
      store.update((state) => ({ ...state, language }))
    },
    setShowsPreviews(showsPreviews: boolean) {
      keepChoice(PREVIEWS_KEY, showsPreviews ? 'yes' : 'no')
      store.update((state) => ({ ...state, showsPreviews }))
    },
  }
}

function show(): void {
  const { theme, language } = store.get()
  document.documentElement.lang = language
  document.documentElement.dataset['theme'] = theme
}
