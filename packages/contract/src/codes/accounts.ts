import type { Code } from './code.ts'

/** Accounts, units and invitations. */
export const ACCOUNT_CODES = {
  'account-disabled': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'account-disabled',
    text: {
      en: 'This account is disabled. Please ask an administrator.',
      de: 'Dieses Konto ist deaktiviert. Bitte wenden Sie sich an einen Administrator.',
    },
  },
  'account-exists': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'account-exists',
    text: { en: 'An account of this name exists already.', de: 'Ein Konto mit diesem Namen gibt es schon.' },
  },
  'identity-taken': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'identity-taken',
    text: {
      en: 'Another account is this person at the issuer. Take it from that account first.',
      de: 'Ein anderes Konto ist beim Aussteller schon diese Person. Nehmen Sie es zuerst von jenem Konto.',
    },
  },
  'no-such-account': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-account',
    text: { en: 'There is no account of this name.', de: 'Ein Konto mit diesem Namen gibt es nicht.' },
  },
  'bad-account-name': {
    type: 'modify',
    condition: 'jid-malformed',
    http: 400,
    problem: 'bad-account-name',
    text: { en: 'This name cannot be an account name.', de: 'Dieser Name kann kein Kontoname sein.' },
  },
  'weak-password': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 400,
    problem: 'weak-password',
    text: {
      en: 'A password needs at least 8 characters and must not be a common one.',
      de: 'Ein Passwort braucht mindestens 8 Zeichen und darf kein gängiges sein.',
    },
  },
  'bad-invitation': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'bad-invitation',
    text: {
      en: 'This invitation is not, or no longer, valid. Ask for a new one.',
      de: 'Diese Einladung ist nicht oder nicht mehr gültig. Bitten Sie um eine neue.',
    },
  },
  'no-such-invitation': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-invitation',
    text: { en: 'There is no such invitation.', de: 'Diese Einladung gibt es nicht.' },
  },
  'no-such-unit': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-unit',
    text: { en: 'There is no such unit.', de: 'Diese Einheit gibt es nicht.' },
  },
  'unit-exists': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'unit-exists',
    text: { en: 'A unit of this name exists already.', de: 'Eine Einheit mit diesem Namen gibt es schon.' },
  },
  'last-administrator': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'last-administrator',
    text: {
      en: 'This is the last administrator who can still sign in.',
      de: 'Dies ist der letzte Administrator, der sich noch anmelden kann.',
    },
  },
  'break-glass-limit': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'break-glass-limit',
    text: {
      en: 'There are five break-glass accounts already: take it from another one first.',
      de: 'Es gibt schon fünf Notfallkonten: Nehmen Sie es zuerst einem anderen.',
    },
  },
  'break-glass-factor': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'break-glass-factor',
    text: {
      en: 'A break-glass account needs a second factor: its owner has to enroll one first.',
      de: 'Ein Notfallkonto braucht einen zweiten Faktor: Wem es gehört, muss zuerst einen einrichten.',
    },
  },
  'last-break-glass': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'last-break-glass',
    text: {
      en: 'This is the last break-glass account: without it nobody could sign in to end a suspension.',
      de: 'Dies ist das letzte Notfallkonto: Ohne es könnte sich niemand anmelden, um eine Sperre zu beenden.',
    },
  },
} as const satisfies Record<string, Code>
