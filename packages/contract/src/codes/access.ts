import type { Code } from './code.ts'

/** Signing in, second factors, tokens, and what a request of the admin API must prove. */
export const ACCESS_CODES = {
  'sign-in-failed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'sign-in-failed',
    text: { en: 'Name or password is wrong.', de: 'Name oder Passwort ist falsch.' },
  },
  'sign-in-ended': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'sign-in-ended',
    text: {
      en: 'Your sign-in with your company account has run out. Please sign in again.',
      de: 'Ihre Anmeldung mit dem Firmenkonto ist abgelaufen. Bitte melden Sie sich noch einmal an.',
    },
  },
  'sign-in-too-weak': {
    type: 'auth',
    condition: 'not-allowed',
    http: 403,
    problem: 'sign-in-too-weak',
    text: {
      en: 'Signed in with the company account, you cannot change the password or delete the account. Please sign in with the password, or ask an administrator.',
      de: 'Mit dem Firmenkonto angemeldet, können Sie weder das Passwort ändern noch das Konto löschen. Bitte melden Sie sich mit dem Passwort an, oder fragen Sie einen Administrator.',
    },
  },
  'token-refused': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'token-refused',
    text: {
      en: 'Your company sign-in was not accepted here. Please sign in again; if that does not help, ask an administrator.',
      de: 'Ihre Firmenanmeldung wurde hier nicht angenommen. Bitte melden Sie sich noch einmal an; wenn das nicht hilft, fragen Sie einen Administrator.',
    },
  },
  'token-without-account': {
    type: 'auth',
    condition: 'not-authorized',
    http: 403,
    problem: 'token-without-account',
    text: {
      en: 'Your company sign-in is right, but no account here belongs to it. Please ask an administrator for one.',
      de: 'Ihre Firmenanmeldung stimmt, aber zu ihr gehört hier kein Konto. Bitte wenden Sie sich an einen Administrator.',
    },
  },
  'token-of-another': {
    type: 'auth',
    condition: 'not-authorized',
    http: 403,
    problem: 'token-of-another',
    text: {
      en: 'The account of this name belongs to somebody else at your company. Please ask an administrator.',
      de: 'Das Konto mit diesem Namen gehört in Ihrer Firma jemand anderem. Bitte wenden Sie sich an einen Administrator.',
    },
  },
  'token-issuer-away': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'token-issuer-away',
    text: {
      en: 'The sign-in service of your company does not answer. Please try again in a few minutes.',
      de: 'Der Anmeldedienst Ihrer Firma antwortet nicht. Bitte versuchen Sie es in ein paar Minuten noch einmal.',
    },
  },
  'come-again': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'come-again',
    text: {
      en: 'The service is back, and everybody returns at once. Your app tries again by itself.',
      de: 'Der Dienst ist wieder da, und alle kommen auf einmal zurück. Ihre App versucht es von selbst noch einmal.',
    },
  },
  'offline-token-invalid': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'offline-token-invalid',
    text: {
      en: 'This emergency token is no good here.',
      de: 'Dieses Notfall-Token gilt hier nicht.',
    },
  },
  'second-factor-needed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'second-factor-needed',
    text: {
      en: 'Please add the code of your authenticator or a recovery code, or use a passkey.',
      de: 'Bitte geben Sie auch den Code Ihrer Authenticator-App oder einen Wiederherstellungscode an, oder nehmen Sie einen Passkey.',
    },
  },
  'second-factor-failed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'second-factor-failed',
    text: {
      en: 'This code is wrong or was used already. Please wait for the next one.',
      de: 'Dieser Code ist falsch oder wurde schon verwendet. Bitte warten Sie auf den nächsten.',
    },
  },
  'passkey-failed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'passkey-failed',
    text: {
      en: 'This passkey was not accepted. Please try again, or sign in with your password and a code.',
      de: 'Dieser Passkey wurde nicht angenommen. Bitte versuchen Sie es noch einmal, oder melden Sie sich mit Passwort und Code an.',
    },
  },
  'passkey-known': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'passkey-known',
    text: {
      en: 'This passkey was added before. Please use another one.',
      de: 'Dieser Passkey wurde schon hinzugefügt. Bitte verwenden Sie einen anderen.',
    },
  },
  'passkey-limit': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'passkey-limit',
    text: {
      en: 'This account has ten passkeys already: remove one first.',
      de: 'Dieses Konto hat schon zehn Passkeys: Entfernen Sie zuerst einen.',
    },
  },
  'passkeys-unavailable': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'passkeys-unavailable',
    text: {
      en: 'Passkeys need a host name and https. Please ask whoever runs this server to set DRAWBRIDGE_PUBLIC_URL.',
      de: 'Passkeys brauchen einen Hostnamen und https. Bitte lassen Sie den Betreiber dieses Servers DRAWBRIDGE_PUBLIC_URL einstellen.',
    },
  },
  'second-factor-missing': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'second-factor-missing',
    text: {
      en: 'You need a second factor first. Please enroll one.',
      de: 'Sie brauchen zuerst einen zweiten Faktor. Bitte richten Sie einen ein.',
    },
  },
  'second-factor-enrolled': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'second-factor-enrolled',
    text: {
      en: 'A second factor is enrolled already. Remove it first.',
      de: 'Ein zweiter Faktor ist schon eingerichtet. Entfernen Sie ihn zuerst.',
    },
  },
  'second-factor-required': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'second-factor-required',
    text: {
      en: 'This account may not be without a second factor.',
      de: 'Dieses Konto darf nicht ohne zweiten Faktor sein.',
    },
  },
  'fresh-sign-in-needed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 403,
    problem: 'fresh-sign-in-needed',
    text: {
      en: 'Please show once more who you are, then try again.',
      de: 'Bitte weisen Sie sich noch einmal aus und versuchen Sie es dann erneut.',
    },
  },
  'foreign-origin': {
    type: 'cancel',
    condition: 'forbidden',
    http: 403,
    problem: 'foreign-origin',
    text: {
      en: 'This request was not made by the console. Please open the console and try again there.',
      de: 'Diese Anfrage kam nicht aus der Konsole. Bitte öffnen Sie die Konsole und versuchen Sie es dort erneut.',
    },
  },
  'changed-meanwhile': {
    type: 'cancel',
    condition: 'conflict',
    http: 412,
    problem: 'changed-meanwhile',
    text: {
      en: 'Somebody has changed this since you looked. Look again, then decide.',
      de: 'Jemand hat das geändert, seit Sie es angesehen haben. Sehen Sie noch einmal nach und entscheiden Sie dann.',
    },
  },
  'idempotency-key-reused': {
    type: 'modify',
    condition: 'bad-request',
    http: 422,
    problem: 'idempotency-key-reused',
    text: {
      en: 'This idempotency key belongs to another request. Use a new one.',
      de: 'Dieser Idempotency-Key gehört zu einer anderen Anfrage. Verwenden Sie einen neuen.',
    },
  },
  'idempotency-key-busy': {
    type: 'wait',
    condition: 'conflict',
    http: 409,
    problem: 'idempotency-key-busy',
    text: {
      en: 'This request is under way, or was cut off. Look at what it has changed before you send it with a new key.',
      de: 'Diese Anfrage läuft noch oder wurde abgebrochen. Sehen Sie nach, was sie geändert hat, bevor Sie sie mit neuem Schlüssel senden.',
    },
  },
  'no-such-token': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-token',
    text: { en: 'There is no such token, or it is over.', de: 'Dieses Token gibt es nicht, oder es gilt nicht mehr.' },
  },
  'token-scope-refused': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'token-scope-refused',
    text: {
      en: 'A token may do nothing that its owner may not. Leave these scopes out.',
      de: 'Ein Token darf nichts, was seine Besitzerin nicht darf. Lassen Sie diese Rechte weg.',
    },
  },
  'too-many-tokens': {
    type: 'cancel',
    condition: 'resource-constraint',
    http: 409,
    problem: 'too-many-tokens',
    text: {
      en: 'This account has as many tokens as it may have. Revoke one that nobody needs.',
      de: 'Dieses Konto hat so viele Tokens, wie es haben darf. Widerrufen Sie eines, das niemand braucht.',
    },
  },
  'not-authorized': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'not-authorized',
    text: { en: 'Please sign in.', de: 'Bitte melden Sie sich an.' },
  },
  'too-many-streams': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 429,
    problem: 'too-many-streams',
    text: {
      en: 'Events are sent to as many pages of this account as may have them. The others ask by themselves every few seconds.',
      de: 'So viele Seiten dieses Kontos, wie es dürfen, bekommen Ereignisse. Die übrigen fragen alle paar Sekunden von selbst.',
    },
  },
  'rate-limited': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 429,
    problem: 'rate-limited',
    text: {
      en: 'Too many requests. Please wait a moment.',
      de: 'Zu viele Anfragen. Bitte warten Sie einen Moment.',
    },
  },
} as const satisfies Record<string, Code>
