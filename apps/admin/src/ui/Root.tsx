import { useCallback, useEffect, useMemo, useState } from 'react'
import { ApiProblem, createCall } from '../api/call.ts'
import { ConsoleContext } from '../api/console.ts'
import type { OwnSession } from '../api/console.ts'
import { openLive } from '../api/live.ts'
import type { Live } from '../api/live.ts'
import { TEXTS } from '../texts/index.ts'
import type { Language } from '@drawbridge/ui'
import { Dialog, firstLanguage, keepLanguage, LanguageContext, Logo } from '@drawbridge/ui'
import { Account } from './Account.tsx'
import { ProblemBox } from './parts.tsx'
import { Shell } from './Shell.tsx'
import { LanguageSwitch } from './LanguageSwitch.tsx'
import { forgetDrafts } from './use-draft.ts'
import { SignInForm } from './SignIn.tsx'

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'failed'; readonly problem: ApiProblem }
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'signed-in'; readonly session: OwnSession; readonly isExpired: boolean }

/** Everything on the screen, by who is signed in. */
export function Root() {
  const [language, setLanguage] = useState(firstLanguage)
  const [state, setState] = useState<State>({ kind: 'starting' })
  const [signIns, setSignIns] = useState(0)
  const [live, setLive] = useState<Live>()
  const t = TEXTS[language]
  // A session that ends under a page leaves the page and what was typed on it; whoever it was signs in above it.
  const signedOut = useCallback(
    () => setState((known) => (known.kind === 'signed-in' ? { ...known, isExpired: true } : { kind: 'signed-out' })),
    [],
  )
  const call = useMemo(() => createCall(signedOut), [signedOut])
  const renewSession = useCallback(async () => {
    try {
      const session = await call('getSession')
      setState({ kind: 'signed-in', session, isExpired: false })
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      if (error.code !== 'not-authorized') setState({ kind: 'failed', problem: error })
    }
  }, [call])
  const signedIn = useCallback(async () => {
    await renewSession()
    setSignIns((count) => count + 1)
  }, [renewSession])
  useEffect(() => void renewSession(), [renewSession])
  useEffect(() => {
    document.documentElement.lang = language
    keepLanguage(language)
  }, [language])
  const session = state.kind === 'signed-in' ? state.session : undefined
  const console = useMemo(
    () => session && { call, session, renewSession, signIns, live },
    [call, session, renewSession, signIns, live],
  )
  const mayListen = state.kind === 'signed-in' && !state.isExpired && state.session.permissions.includes('status.read')
  useEffect(() => {
    if (!mayListen) return undefined
    const opened = openLive()
    setLive(opened)
    return () => opened.close()
  }, [mayListen])
  const choose = (chosen: Language) => setLanguage(chosen)
  const signOut = async () => {
    await call('signOut').catch((error: unknown) => {
      // Whoever is signed out already has what they want.
      if (!(error instanceof ApiProblem && error.code === 'not-authorized')) throw error
    })
    if (session) forgetDrafts(session.account.name)
    setState({ kind: 'signed-out' })
  }

  return (
    <LanguageContext value={language}>
      {state.kind === 'starting' && (
        <main className="full-page" aria-busy="true">
          <Logo size={44} />
          <span className="visually-hidden">{t.loading}</span>
        </main>
      )}
      {state.kind === 'failed' && (
        <main className="full-page">
          <div className="card">
            <h1>{t.appName}</h1>
            <ProblemBox problem={state.problem} />
            <button type="button" className="button" onClick={() => void renewSession()}>
              {t.retry}
            </button>
          </div>
        </main>
      )}
      {state.kind === 'signed-out' && (
        <main className="full-page" data-testid="sign-in">
          <div className="card">
            <div className="brand">
              <Logo size={44} />
              <h1>{t.signInTitle}</h1>
            </div>
            <SignInForm call={call} onSignedIn={signedIn} />
          </div>
          <LanguageSwitch language={language} onChoose={choose} />
        </main>
      )}
      {console && (
        <ConsoleContext value={console}>
          {console.session.mustEnroll ? (
            <main className="full-page">
              <div className="card">
                <h1>{t.mustEnroll}</h1>
                <Account />
              </div>
            </main>
          ) : (
            <Shell language={language} onLanguage={choose} onSignOut={signOut} />
          )}
          {state.kind === 'signed-in' && state.isExpired && (
            <Dialog title={t.expiredTitle}>
              <p className="hint">{t.expiredText}</p>
              <SignInForm
                call={call}
                name={console.session.account.name}
                passkeys={console.session.factors.passkeys}
                onSignedIn={signedIn}
              />
            </Dialog>
          )}
        </ConsoleContext>
      )}
    </LanguageContext>
  )
}
