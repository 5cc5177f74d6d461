import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { Field, Panel, ProblemBox } from './parts.tsx'
import { useAction } from './use-resource.ts'

/** Whoever is signed in: their second factor and their codes on paper. */
export function Account() {
  const { t } = useTexts()
  const { call, session, renewSession } = useConsole()
  const action = useAction()
  const [secret, setSecret] = useState<{ readonly secret: string; readonly uri: string }>()
  const [recoveryCodes, setRecoveryCodes] = useState<readonly string[]>()
  const [code, setCode] = useState('')
  const { totp, recoveryCodes: left } = session.factors
  const isStale = action.problem?.code === 'fresh-sign-in-needed'
  const begin = () => action.run(async () => setSecret(await call('beginTotp')))
  const renew = () => action.run(async () => setRecoveryCodes((await call('renewRecoveryCodes')).recoveryCodes))
  const confirm = () =>
    action.run(async () => {
      const { recoveryCodes: made } = await call('confirmTotp', { body: { code: code.trim() } })
      setRecoveryCodes(made)
      setSecret(undefined)
      setCode('')
    })
  return (
    <Panel title={t.secondFactor} hint={totp ? t.factorIsThere(left) : t.factorIsMissing}>
      <ProblemBox problem={action.problem} />
      {isStale && <Proof onProved={action.clear} />}
      {recoveryCodes ? (
        <div className="stack">
          <p>{t.recoveryCodesText}</p>
          <ul className="codes" data-testid="recovery-codes">
            {recoveryCodes.map((each) => (
              <li key={each}>
                <code>{each}</code>
              </li>
            ))}
          </ul>
          <button
            type="button"
            className="button primary"
            onClick={() => {
              setRecoveryCodes(undefined)
              void renewSession()
            }}
          >
            {t.recoveryCodesKept}
          </button>
        </div>
      ) : secret ? (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void confirm()
          }}
        >
          <p>{t.enrollText}</p>
          <p>
            <code className="secret" data-testid="totp-secret">
              {secret.secret}
            </code>
          </p>
          <p>
            <a href={secret.uri}>{t.openAuthenticator}</a>
          </p>
          <Field label={t.code}>
            {(ids) => (
              <input
                {...ids}
                autoComplete="one-time-code"
                inputMode="numeric"
                required
                value={code}
                onChange={(event) => setCode(event.target.value)}
              />
            )}
          </Field>
          <button type="submit" className="button primary" aria-disabled={action.isBusy}>
            {t.enrollConfirm}
          </button>
        </form>
      ) : totp ? (
        <button type="button" className="button" onClick={() => void renew()} aria-disabled={action.isBusy}>
          {t.renewRecoveryCodes}
        </button>
      ) : (
        <button type="button" className="button primary" onClick={() => void begin()} aria-disabled={action.isBusy}>
          {t.enroll}
        </button>
      )}
    </Panel>
  )
}

/** Password and code once more, without leaving the page. */
function Proof({ onProved }: { readonly onProved: () => void }) {
  const { t } = useTexts()
  const { call, session } = useConsole()
  const action = useAction()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const prove = async () => {
    const body = { password, ...(session.factors.totp && { code: code.trim() }) }
    if (await action.run(() => call('proveSession', { body }))) onProved()
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void prove()
      }}
    >
      <ProblemBox problem={action.problem} />
      <Field label={t.password}>
        {(ids) => (
          <input
            {...ids}
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      {session.factors.totp && (
        <Field label={t.code} hint={t.codeHint}>
          {(ids) => (
            <input
              {...ids}
              autoComplete="one-time-code"
              required
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          )}
        </Field>
      )}
      <button type="submit" className="button" aria-disabled={action.isBusy}>
        {t.prove}
      </button>
    </form>
  )
}
