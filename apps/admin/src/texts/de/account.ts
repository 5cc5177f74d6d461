import { n } from './count.ts'
import type { account as english } from '../en/account.ts'

/** The page of whoever is signed in. */
export const account: typeof english = {
  secondFactor: 'Zweiter Faktor',
  factorIsThere: (left) =>
    `Eingerichtet. ${n(left, 'Ein Code auf Papier ist übrig.', `${left} Codes auf Papier sind übrig.`)}`,
  factorIsMissing: 'Keiner. Wer Ihr Passwort erfährt, kann alles, was Sie können.',
  enroll: 'Authenticator einrichten',
  enrollText:
    'Scannen Sie dies mit Ihrer Authenticator-App, oder tippen Sie das Geheimnis ab; geben Sie dann den Code ein, den sie zeigt.',
  enrollPicture: 'Das Geheimnis zum Scannen',
  openAuthenticator: 'Oder die Authenticator-App dieses Geräts öffnen',
  enrollConfirm: 'In Kraft setzen',
  recoveryCodesText:
    'Jeder dieser Codes gilt einmal, zusammen mit Ihrem Passwort, falls die Authenticator-App oder der Passkey verloren geht. Sie werden nur jetzt gezeigt: Drucken Sie sie aus oder schreiben Sie sie ab.',
  recoveryCodesKept: 'Ich habe sie aufbewahrt',
  renewRecoveryCodes: 'Neue Codes auf Papier erzeugen',
  prove: 'Erneut ausweisen',
  proveByPasskey: 'Mit einem Passkey ausweisen',
  passkeys: 'Passkeys',
  passkeysHint: 'Sie melden Sie allein an, und niemand kann Ihnen einen auf einer anderen Seite abschwatzen.',
  passkeysUnavailable:
    'Passkeys brauchen einen Hostnamen und https. Wer diesen Server betreibt, stellt beides mit DRAWBRIDGE_PUBLIC_URL ein.',
  noPasskeys: 'Sie haben noch keinen Passkey.',
  passkeyName: 'Name des Passkeys',
  passkeyNameHint: 'Zum Beispiel „Laptop“ oder „Schlüssel im Tresor“.',
  addPasskey: 'Passkey hinzufügen',
  passkeyAdded: 'Hinzugefügt',
  passkeyUsed: 'Zuletzt benutzt',
  passkeyRemove: 'Entfernen',
  removePasskey: (name) => `${name} entfernen`,
  never: 'Nie',
}
