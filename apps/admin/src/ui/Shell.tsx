import type { Status } from '@drawbridge/contract'
import { useEffect, useRef } from 'react'
import type { ComponentType } from 'react'
import { useConsole } from '../api/console.ts'
import { serviceState } from '../model/service-state.ts'
import { useTexts } from '../texts/index.ts'
import type { Language } from '@drawbridge/ui'
import { Account } from './Account.tsx'
import { Audit } from './Audit.tsx'
import { Clients } from './Clients.tsx'
import { Emergency } from './Emergency.tsx'
import { formatClock } from './format.ts'
import { LanguageSwitch } from './LanguageSwitch.tsx'
import { Glyph, Logo } from '@drawbridge/ui'
import { Overview } from './Overview.tsx'
import { Link, useNow } from './parts.tsx'
import { hrefOf, PAGES, useRoute } from './route.ts'
import type { PageName } from './route.ts'
import { useAction, useResource } from './use-resource.ts'
import type { Resource } from './use-resource.ts'

/** How often the state of the service is asked for, in milliseconds. */
const STATUS_EVERY_MS = 5_000
const STALLED_AFTER_MS = 4 * STATUS_EVERY_MS

const CONTENT: Readonly<Record<PageName, ComponentType<PageProps>>> = {
  overview: Overview,
  clients: Clients,
  emergency: Emergency,
  audit: Audit,
  account: Account,
}

const GLYPHS: Readonly<Record<PageName, string>> = {
  overview: 'M4 13h6V4H4v9Zm0 7h6v-4H4v4Zm10 0h6v-9h-6v9Zm0-16v4h6V4h-6Z',
  clients: 'M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM2 19.500h20',
  emergency:
    'M12 9v4.500M12 17h.01M10.300 3.900 2 18.300A2 2 0 0 0 3.700 21.300h16.600a2 2 0 0 0 1.700-3L13.700 3.900a2 2 0 0 0-3.400 0Z',
  audit: 'M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8l-5-5Zm0 0v5h5M9 13h6M9 17h4',
  account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8a7 7 0 0 1 14 0',
}

/** What every page is given: the state of the service, which is asked for once for all of them. */
export interface PageProps {
  readonly status: Resource<Status>
}

/** The frame of every page: where one is, who one is, and how the service is. */
export function Shell({
  language,
  onLanguage,
  onSignOut,
}: {
  readonly language: Language
  readonly onLanguage: (language: Language) => void
  readonly onSignOut: () => Promise<void>
}) {
  const { t } = useTexts()
  const { session } = useConsole()
  const { page, search } = useRoute()
  const signOut = useAction()
  const isOn = session.permissions.includes('status.read')
  const status = useResource('status', (call, signal) => call('getStatus', { signal }), {
    everyMs: STATUS_EVERY_MS,
    on: ['status', 'suspensions', 'policy'],
    isOn,
  })
  const heading = useRef<HTMLHeadingElement>(null)
  const seen = useRef<PageName>(undefined)
  const view = search.toString()
  useEffect(() => {
    document.title = `${t.pages[page]} · ${t.appName}`
  }, [page, t])
  useEffect(() => {
    // A page that is opened is announced by its heading; the first one by the browser. What was pressed on a page may be gone.
    const isOpened = seen.current !== undefined && seen.current !== page
    const isLost = seen.current === page && document.activeElement === document.body
    if (isOpened || isLost) heading.current?.focus()
    seen.current = page
  }, [page, view])
  const Content = CONTENT[page]
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        {t.skip}
      </a>
      <header className="topbar">
        <Link href={hrefOf('overview')} className="topbar-brand">
          <Logo />
          <span className="topbar-name">{t.appName}</span>
        </Link>
        {isOn && <StatePill status={status} />}
        <div className="topbar-end">
          <LanguageSwitch language={language} onChoose={onLanguage} />
          <Link href={hrefOf('account')} className="topbar-account" isCurrent={page === 'account'}>
            {session.account.name}
          </Link>
          <button type="button" className="button small" onClick={() => void signOut.run(onSignOut)}>
            {t.signOut}
          </button>
        </div>
      </header>
      <nav className="side" aria-label={t.navigation}>
        <ul>
          {PAGES.filter((name) => name !== 'account').map((name) => (
            <li key={name}>
              <Link href={hrefOf(name)} isCurrent={name === page}>
                <Glyph path={GLYPHS[name]} size={18} />
                {t.pages[name]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" className="content" tabIndex={-1} data-page={page}>
        <h1 ref={heading} tabIndex={-1}>
          {t.pages[page]}
        </h1>
        <Content status={status} />
      </main>
    </div>
  )
}

/** How the service is, in a word; it opens what can be done about it. */
function StatePill({ status: { value, at, problem } }: { readonly status: Resource<Status> }) {
  const { t, language } = useTexts()
  const state = value && serviceState(value)
  const now = useNow(STATUS_EVERY_MS)
  const isStalled = problem !== undefined || (at !== undefined && now - at > STALLED_AFTER_MS)
  return (
    <div className="state">
      <Link href={hrefOf('emergency')} className={`pill ${state ?? 'unknown'}`}>
        {state ? t.states[state] : t.stateUnknown}
      </Link>
      {at !== undefined && (
        <span className="soft" data-stalled={isStalled}>
          {isStalled ? t.stalled(formatClock(at, language)) : t.asOf(formatClock(at, language))}
        </span>
      )}
      {/* Said once when it changes; the clock is not. */}
      <span role="status" className="visually-hidden">
        {state && t.states[state]}
      </span>
    </div>
  )
}
