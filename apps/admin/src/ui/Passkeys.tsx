import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { addPasskey, hasPasskeys } from '../api/passkey.ts'
import { useTexts } from '../texts/index.ts'
import { Field, Moment, Panel, ProblemBox } from './parts.tsx'
import { Table } from './Table.tsx'
import { Proof } from './Proof.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { useAction } from './use-resource.ts'

/** The passkeys of whoever is signed in. */
export function Passkeys() {
  const { t } = useTexts()
  const { call, session, renewSession } = useConsole()
  const action = useAction()
  const [name, setName] = useState('')
  const [recoveryCodes, setRecoveryCodes] = useState<readonly string[]>()
  const { account, factors } = session
  const add = () =>
    action.run(async () => {
      const added = await addPasskey(call, { account: account.name, known: factors.passkeys, name: name.trim() })
      if (!added) return
      setName('')
      if (added.recoveryCodes) setRecoveryCodes(added.recoveryCodes)
      else await renewSession()
    })
  const remove = (id: string) =>
    action.run(async () => {
      await call('removePasskey', { params: { id } })
      await renewSession()
    })
  return (
    <Panel title={t.passkeys} hint={t.passkeysHint} testId="passkeys">
      <ProblemBox problem={action.problem} />
      {action.problem?.code === 'fresh-sign-in-needed' && <Proof onProved={action.clear} />}
      {recoveryCodes ? (
        <RecoveryCodes codes={recoveryCodes} onKept={() => setRecoveryCodes(undefined)} />
      ) : (
        <>
          {factors.passkeys.length === 0 ? (
            <p className="empty">{t.noPasskeys}</p>
          ) : (
            <Table caption={t.passkeys} columns={[t.name, t.passkeyAdded, t.passkeyUsed, t.action]}>
              {factors.passkeys.map((passkey) => (
                <tr key={passkey.id}>
                  <th scope="row" dir="auto">
                    {passkey.name}
                  </th>
                  <td>
                    <Moment at={passkey.createdAt} />
                  </td>
                  <td>{passkey.usedAt === undefined ? t.never : <Moment at={passkey.usedAt} />}</td>
                  <td>
                    <button
                      type="button"
                      className="button small"
                      aria-label={t.removePasskey(passkey.name)}
                      onClick={() => void remove(passkey.id)}
                      aria-disabled={action.isBusy}
                    >
                      {t.passkeyRemove}
                    </button>
                  </td>
                </tr>
              ))}
            </Table>
          )}
          {hasPasskeys() ? (
            <form
              className="stack"
              onSubmit={(event) => {
                event.preventDefault()
                void add()
              }}
            >
              <Field label={t.passkeyName} hint={t.passkeyNameHint}>
                {(ids) => (
                  <input
                    {...ids}
                    required
                    maxLength={64}
                    value={name}
                    onChange={(event) => setName(event.target.value)}
                  />
                )}
              </Field>
              <button type="submit" className="button" aria-disabled={action.isBusy}>
                {t.addPasskey}
              </button>
            </form>
          ) : (
            <p className="hint">{t.passkeysUnavailable}</p>
          )}
        </>
      )}
    </Panel>
  )
}
