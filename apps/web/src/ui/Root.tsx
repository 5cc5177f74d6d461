import type { App } from '../app/app.ts'
import { ChatPage } from './ChatPage.tsx'
import { LanguageContext, Logo } from '@drawbridge/ui'
import { usePreferences } from './preferences.ts'
import { SignInPage } from './SignInPage.tsx'
import { UpdatePage } from './UpdatePage.tsx'
import { AppContext, ChatContext, useSelect, useTexts } from './use-store.ts'

/** Everything on the screen, by what the app is doing. */
export function Root({ app }: { readonly app: App }) {
  const { language } = usePreferences()
  return (
    <LanguageContext value={language}>
      <AppContext value={app}>
        <Screen app={app} />
      </AppContext>
    </LanguageContext>
  )
}

function Screen({ app }: { readonly app: App }) {
  const state = useSelect(app.store, whole)
  const { t } = useTexts()
  switch (state.kind) {
    case 'starting':
      return (
        <main className="full-page" aria-busy="true">
          <Logo size={44} />
          <span className="visually-hidden">{t.loading}</span>
        </main>
      )
    case 'signed-out':
      return <SignInPage key="form" address={state.address} problem={state.problem} isBusy={false} />
    case 'signing-in':
      return <SignInPage key="form" address={state.address} problem={undefined} isBusy />
    case 'update-required':
      return <UpdatePage blocked={state.blocked} update={state.update} />
    case 'signed-in':
      return (
        <ChatContext value={state.chat}>
          <ChatPage />
        </ChatContext>
      )
  }
}

function whole<S>(state: S): S {
  return state
}
