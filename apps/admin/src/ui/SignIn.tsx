import type { BodyOf, PasskeyView } from '@drawbridge/contract'
import { useRef, useState } from 'react'
import type { Call } from '../api/call.ts'
import { hasPasskeys, showPasskey } from '../api/passkey.ts'
import { useTexts } from '../texts/index.ts'
import { Field, ProblemBox } from './parts.tsx'
import { useAction } from './use-resource.ts'

export interface SignInFormProps {
  readonly call: Call
  /** Who was signed in before: the name stays, and only they may go on with what is on the page. */
  readonly name?: string
  /** Theirs, too: nobody else's will do then. */
  readonly passkeys?: readonly PasskeyView[]
  readonly onSignedIn: () => Promise<void>
}

/**
 * A passkey; or name and password, and a code once the account turns out to want one. What was typed stays through every
 * error.
 */
export function SignInForm({ call, name, passkeys, onSignedIn }: SignInFormProps) {
  const { t } = useTexts()
  const action = useAction()
  const [typedName, setTypedName] = useState(name ?? '')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [isCodeAsked, setCodeAsked] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const isFirstAsk = action.problem?.code === 'second-factor-needed'
  const submit = async () => {
    const body: BodyOf<'signIn'> = {
      name: typedName.trim(),
      password,
      session: 'cookie',
      ...(code.trim() !== '' && { code: code.trim() }),
    }
    const isDone = await action.run(async () => {
      try {
        await call('signIn', { body })
      } catch (error) {
        if (error instanceof Error && 'code' in error && String(error.code).startsWith('second-factor')) {
          setCodeAsked(true)
          setCode('')
        }
        throw error
      }
      await onSignedIn()
    })
    // What is typed once more.
    const field = (name: string) => form.current?.querySelector<HTMLElement>(`[name=${name}]`)
    if (!isDone) (field('code') ?? field('password'))?.focus()
  }
  const submitPasskey = () =>
    action.run(async () => {
      const passkey = await showPasskey(call, passkeys)
      if (!passkey) return
      await call('signIn', { body: { passkey, session: 'cookie' } })
      await onSignedIn()
    })
  return (
    <form
      ref={form}
      className="sign-in-form"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      {isFirstAsk ? (
        <p role="status" className="notice">
          {t.codeNeeded}
        </p>
      ) : (
        <ProblemBox problem={action.problem} isFocused={false} />
      )}
      <Field label={t.name}>
        {(ids) => (
          <input
            {...ids}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus={name === undefined}
            readOnly={name !== undefined}
            required
            value={typedName}
            onChange={(event) => setTypedName(event.target.value)}
          />
        )}
      </Field>
      <Field label={t.password}>
        {(ids) => (
          <input
            {...ids}
            name="password"
            type="password"
            autoComplete="current-password"
            autoFocus={name !== undefined}
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      {isCodeAsked && (
        <Field label={t.code} hint={t.codeHint}>
          {(ids) => (
            <input
              {...ids}
              key="code"
              name="code"
              autoComplete="one-time-code"
              inputMode="text"
              spellCheck={false}
              autoFocus
              required
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          )}
        </Field>
      )}
      <button type="submit" className="button primary wide" aria-disabled={action.isBusy}>
        {action.isBusy ? t.signingIn : t.signIn}
      </button>
      {passkeys?.length !== 0 && hasPasskeys() && (
        <button
          type="button"
          className="button wide"
          onClick={() => void submitPasskey()}
          aria-disabled={action.isBusy}
        >
          {t.signInByPasskey}
        </button>
      )}
    </form>
  )
}
