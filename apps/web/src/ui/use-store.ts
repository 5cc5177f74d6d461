import { useLanguage } from '@drawbridge/ui'
import type { Language } from '@drawbridge/ui'
import { createContext, use, useMemo, useRef, useSyncExternalStore } from 'react'
import type { App } from '../app/app.ts'
import type { Chat } from '../app/chat.ts'
import type { ChatState } from '../state/chat-state.ts'
import type { Store } from '../state/store.ts'
import { TEXTS, type Texts } from '../texts/index.ts'

export const AppContext = createContext<App | undefined>(undefined)
export const ChatContext = createContext<Chat | undefined>(undefined)

export function useApp(): App {
  const app = use(AppContext)
  if (!app) throw new Error('outside of the app')
  return app
}

export function useChat(): Chat {
  const chat = use(ChatContext)
  if (!chat) throw new Error('outside of a session')
  return chat
}

/** One part of a store; the component renders again only when that part changes. */
export function useSelect<S, T>(store: Store<S>, select: (state: S) => T): T {
  const last = useRef<{ state: S; select: (state: S) => T; value: T } | undefined>(undefined)
  return useSyncExternalStore(store.subscribe, () => {
    const state = store.get()
    if (last.current?.state !== state || last.current.select !== select) {
      const value = select(state)
      const same = last.current && isShallowEqual(last.current.value, value)
      last.current = { state, select, value: same && last.current ? last.current.value : value }
    }
    return last.current.value
  })
}

/** One part of the session's state. */
export function useChatState<T>(select: (state: ChatState) => T): T {
  return useSelect(useChat().store, select)
}

export function useTexts(): { readonly t: Texts; readonly language: Language } {
  const language = useLanguage()
  return { t: TEXTS[language], language }
}

/** Whether this device has a network, as far as the browser knows: without one, nobody else is to blame. */
export function useNetwork(): boolean {
  return useSyncExternalStore(subscribeToNetwork, () => navigator.onLine)
}

function subscribeToNetwork(changed: () => void): () => void {
  addEventListener('online', changed)
  addEventListener('offline', changed)
  return () => {
    removeEventListener('online', changed)
    removeEventListener('offline', changed)
  }
}

function isShallowEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((item, i) => Object.is(item, b[i]))
}

/** Origins whose files are ours: the page's, and that of files where the server has named one. */
export function useMediaOrigins(): readonly string[] {
  const mediaOrigin = useChatState((state) => state.uploadService?.mediaOrigin)
  return useMemo(() => (mediaOrigin === undefined ? [location.origin] : [location.origin, mediaOrigin]), [mediaOrigin])
}
