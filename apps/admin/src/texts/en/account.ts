import { n } from './count.ts'

/** The page of whoever is signed in. */
export const account = {
  secondFactor: 'Second factor',
  factorIsThere: (left: number) =>
    `Enrolled. ${n(left, 'One code on paper is left.', `${left} codes on paper are left.`)}`,
  factorIsMissing: 'None. Whoever learns your password can do all that you can.',
  enroll: 'Enroll an authenticator',
  enrollText: 'Scan this with your authenticator, or type the secret into it; then enter the code that it shows.',
  enrollPicture: 'The secret, to be scanned',
  openAuthenticator: 'Or open the authenticator of this device',
  enrollConfirm: 'Put it in force',
  recoveryCodesText:
    'These codes are good once each, beside your password, if your authenticator or passkey is lost. They are shown only now: print them or write them down.',
  recoveryCodesKept: 'I have kept them',
  renewRecoveryCodes: 'Make new codes on paper',
  prove: 'Show who I am',
  proveByPasskey: 'Show who I am with a passkey',
  passkeys: 'Passkeys',
  passkeysHint: 'They sign you in alone, and nobody can talk you out of one on another page.',
  passkeysUnavailable:
    'Passkeys need a host name and https. Whoever runs this server sets both with DRAWBRIDGE_PUBLIC_URL.',
  noPasskeys: 'You have no passkey yet.',
  passkeyName: 'Name of the passkey',
  passkeyNameHint: 'Such as “Laptop” or “Key in the safe”.',
  addPasskey: 'Add a passkey',
  passkeyAdded: 'Added',
  passkeyUsed: 'Last used',
  passkeyRemove: 'Remove',
  removePasskey: (name: string) => `Remove ${name}`,
  never: 'Never',
}
