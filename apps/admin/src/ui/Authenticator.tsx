import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { Field, Panel, ProblemBox } from './parts.tsx'
import { Proof } from './Proof.tsx'
import { QrCode } from './QrCode.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { useAction } from './use-resource.ts'

/** Codes by time, and the codes on paper, of whoever is signed in. */
export function Authenticator() {
  const { t } = useTexts()
  const { call, session } = useConsole()
  const action = useAction()
  const [secret, setSecret] = useState<{ readonly secret: string; readonly uri: string }>()
  const [recoveryCodes, setRecoveryCodes] = useState<readonly string[]>()
  const [code, setCode] = useState('')
  const { totp, recoveryCodes: left, passkeys } = session.factors
  const isCovered = totp || passkeys.length > 0
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
    <Panel title={t.secondFactor} hint={isCovered ? t.factorIsThere(left) : t.factorIsMissing}>
      <ProblemBox problem={action.problem} />
      {action.problem?.code === 'fresh-sign-in-needed' && <Proof onProved={action.clear} />}
      {recoveryCodes ? (
        <RecoveryCodes codes={recoveryCodes} onKept={() => setRecoveryCodes(undefined)} />
      ) : secret ? (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void confirm()
          }}
        >
          <p>{t.enrollText}</p>
          <QrCode text={secret.uri} label={t.enrollPicture} />
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
      ) : (
        <div className="button-row">
          {!totp && (
            <button
              type="button"
              className={isCovered ? 'button' : 'button primary'}
              onClick={() => void begin()}
              aria-disabled={action.isBusy}
            >
              {t.enroll}
            </button>
          )}
          {isCovered && (
            <button type="button" className="button" onClick={() => void renew()} aria-disabled={action.isBusy}>
              {t.renewRecoveryCodes}
            </button>
          )}
        </div>
      )}
    </Panel>
  )
}
