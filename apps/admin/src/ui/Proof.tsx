import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { hasPasskeys, showPasskey } from '../api/passkey.ts'
import { useTexts } from '../texts/index.ts'
import { Field, ProblemBox } from './parts.tsx'
import { useAction } from './use-resource.ts'

/** A passkey, or password and code, once more, without leaving the page. */
export function Proof({ onProved }: { readonly onProved: () => void }) {
  const { t } = useTexts()
  const { call, session } = useConsole()
  const action = useAction()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const { totp, passkeys } = session.factors
  const needsCode = totp || passkeys.length > 0
  const prove = () =>
    action.run(async () => {
      await call('proveSession', { body: { password, ...(needsCode && { code: code.trim() }) } })
      onProved()
    })
  const proveByPasskey = () =>
    action.run(async () => {
      const passkey = await showPasskey(call, passkeys)
      if (!passkey) return
      await call('proveSession', { body: { passkey } })
      onProved()
    })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void prove()
      }}
    >
      <ProblemBox problem={action.problem} />
      {passkeys.length > 0 && hasPasskeys() && (
        <button type="button" className="button" onClick={() => void proveByPasskey()} aria-disabled={action.isBusy}>
          {t.proveByPasskey}
        </button>
      )}
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
      {needsCode && (
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
