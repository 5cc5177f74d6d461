import { useId, useState } from 'react'
import type { SignInProblem } from '../app/company-return.ts'
import type { Texts } from '../texts/index.ts'
import { Logo } from '@drawbridge/ui'
import { Icon } from './icons.tsx'
import { useApp, useTexts } from './use-store.ts'

export interface SignInPageProps {
  readonly address: string
  readonly problem: SignInProblem | undefined
  readonly isBusy: boolean
}

export function SignInPage({ address, problem, isBusy }: SignInPageProps) {
  const app = useApp()
  const { t } = useTexts()
  const ids = {
    address: useId(),
    company: useId(),
    hint: useId(),
    password: useId(),
    problem: useId(),
    remember: useId(),
  }
  const [typed, setTyped] = useState(address)
  const [password, setPassword] = useState('')
  const [isRemembered, setRemembered] = useState(false)
  const issuer = app.issuer()
  const remember = (
    <label className="check" htmlFor={ids.remember}>
      <input
        id={ids.remember}
        type="checkbox"
        checked={isRemembered}
        onChange={(event) => setRemembered(event.target.checked)}
      />
      <span>
        {t.remember}
        <small>{t.rememberHint}</small>
      </span>
    </label>
  )
  return (
    <main className="sign-in" data-testid="sign-in">
      <form
        className="sign-in-card"
        onSubmit={(event) => {
          event.preventDefault()
          if (isBusy) return
          void app.signIn(typed, password, isRemembered)
        }}
      >
        <div className="sign-in-brand">
          <Logo size={44} />
          <h1>
            {t.signInTitle} <span>{t.signInLead(app.domain())}</span>
          </h1>
        </div>
        <div role="alert" id={ids.problem} className="sign-in-problem" data-problem={problem?.kind}>
          {problem && (
            <>
              <Icon name="warning" />
              <span>{problemText(problem, t)}</span>
            </>
          )}
        </div>
        {issuer !== undefined && (
          <div className="sign-in-company">
            {remember}
            <button
              type="button"
              className="button primary wide"
              aria-disabled={isBusy}
              aria-describedby={ids.company}
              onClick={() => {
                if (!isBusy) void app.signInAtCompany(isRemembered)
              }}
            >
              {t.companySignIn}
            </button>
            <p className="hint" id={ids.company}>
              {t.companyAt(new URL(issuer).host)}
            </p>
            <p className="sign-in-or">{t.orPassword}</p>
          </div>
        )}
        <label htmlFor={ids.address}>{t.address}</label>
        <input
          id={ids.address}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus={address === ''}
          required
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          aria-describedby={ids.hint}
          aria-invalid={problem?.kind === 'address' || problem?.kind === 'bad-credentials'}
        />
        <p className="hint" id={ids.hint}>
          {t.addressHint(app.domain())}
        </p>
        <label htmlFor={ids.password}>{t.password}</label>
        <input
          id={ids.password}
          name="password"
          type="password"
          autoComplete="current-password"
          autoFocus={address !== ''}
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          aria-invalid={problem?.kind === 'bad-credentials'}
        />
        {issuer === undefined && remember}
        <button
          type="submit"
          className={issuer === undefined ? 'button primary wide' : 'button wide'}
          aria-disabled={isBusy}
        >
          {isBusy ? t.signingIn : t.signIn}
        </button>
      </form>
      <p className="sign-in-version">{t.version(app.version, app.build)}</p>
    </main>
  )
}

function problemText(problem: SignInProblem, t: Texts): string {
  switch (problem.kind) {
    case 'address':
      return t.problemAddress
    case 'bad-credentials':
      return t.problemBadCredentials
    case 'password-needed':
      return t.problemPasswordNeeded
    case 'signed-out':
      return t.problemSignedOut
    case 'account-disabled':
      return problem.text || t.problemAccountDisabled
    case 'untrusted-server':
      return t.problemUntrusted
    case 'try-later':
      return problem.text || t.problemTryLater
    case 'suspended':
      return t.problemSuspended
    case 'client-refused':
      return t.updateTitle
    case 'unreachable':
      return t.problemUnreachable
    case 'sign-in-ended':
      return t.problemSignInEnded
    case 'token-refused':
      return problem.text || t.problemTokenRefused
    case 'token-not-offered':
      return t.problemTokenNotOffered
    case 'company':
      return t.problemCompany(problem.fault)
  }
}
