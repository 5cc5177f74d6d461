import { useSyncExternalStore } from 'react'

/** The pages, in the order of the navigation; the first is the landing page. */
export const PAGES = ['overview', 'clients', 'emergency', 'audit', 'account'] as const
export type PageName = (typeof PAGES)[number]

const BASE = '/admin/'
const CHANGED = 'drawbridge:route'

/** What the address says is to be seen: a page, and what of it, so that a link shows others the same. */
export interface Route {
  readonly page: PageName
  readonly search: URLSearchParams
}

/** The page of an address; whatever is none is the landing page. */
export function routeOf(pathname: string, search: string): Route {
  const name = pathname.startsWith(BASE) ? pathname.slice(BASE.length).replace(/\/$/u, '') : ''
  return { page: PAGES.find((page) => page === name) ?? PAGES[0], search: new URLSearchParams(search) }
}

export function hrefOf(page: PageName, search: Readonly<Record<string, string | undefined>> = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(search)) if (value) params.set(key, value)
  const path = page === PAGES[0] ? BASE : BASE + page
  return params.size === 0 ? path : `${path}?${params}`
}

/** Goes to an address of ours without loading the page anew. */
export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  if (href === location.pathname + location.search) return
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', href)
  dispatchEvent(new Event(CHANGED))
}

export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search)
  const [pathname = '', search = ''] = address.split('?')
  return routeOf(pathname, search)
}

function subscribe(listener: () => void): () => void {
  for (const event of ['popstate', CHANGED]) addEventListener(event, listener)
  return () => {
    for (const event of ['popstate', CHANGED]) removeEventListener(event, listener)
  }
}
