import { Authenticator } from './Authenticator.tsx'
import { Passkeys } from './Passkeys.tsx'

/** Whoever is signed in: what they show beside their password, or instead of it. */
export function Account() {
  return (
    <>
      <Passkeys />
      <Authenticator />
    </>
  )
}
