import type { PolicyCode } from '@drawbridge/policy'
import type { Code } from './code.ts'

/** What the rules say, and what is said when they cannot be asked. */
export const RULE_CODES = {
  'client-too-old': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'client-version-blocked',
    text: {
      en: 'This version of your app is no longer allowed here. Please update it.',
      de: 'Diese Version Ihrer App ist hier nicht mehr zugelassen. Bitte aktualisieren Sie sie.',
    },
  },
  'client-unknown': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'client-version-blocked',
    text: {
      en: 'Your app does not say which version it is, or does not prove it. Please use an app that does, such as the web client.',
      de: 'Ihre App nennt ihre Version nicht oder weist sie nicht nach. Bitte verwenden Sie eine App, die das tut, zum Beispiel den Web-Client.',
    },
  },
  'client-not-allowed': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'client-version-blocked',
    text: {
      en: 'This app is not allowed here. Please use another one, such as the web client.',
      de: 'Diese App ist hier nicht zugelassen. Bitte verwenden Sie eine andere, zum Beispiel den Web-Client.',
    },
  },
  'media-withheld': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'media-withheld',
    text: {
      en: 'This image is withheld from this version of your app. Please update it.',
      de: 'Dieses Bild wird dieser Version Ihrer App vorenthalten. Bitte aktualisieren Sie sie.',
    },
  },
  'media-recalled': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 410,
    problem: 'media-recalled',
    text: {
      en: 'This file was recalled by the administrator.',
      de: 'Diese Datei wurde vom Administrator zurückgerufen.',
    },
  },
  suspended: {
    type: 'wait',
    condition: 'policy-violation',
    http: 503,
    problem: 'suspended',
    text: {
      en: 'This is suspended by the administrator for now, so that it was not done. Please try again later.',
      de: 'Dies ist vom Administrator zurzeit ausgesetzt und wurde deshalb nicht ausgeführt. Bitte versuchen Sie es später erneut.',
    },
  },
  'federation-off': {
    type: 'cancel',
    condition: 'remote-server-not-found',
    http: 403,
    problem: 'federation-off',
    text: {
      en: 'This server does not exchange messages with other servers.',
      de: 'Dieser Server tauscht keine Nachrichten mit anderen Servern aus.',
    },
  },
  'policy-stale': {
    type: 'wait',
    condition: 'service-unavailable',
    http: 503,
    problem: 'temporarily-unavailable',
    text: {
      en: 'The server cannot check its rules right now. Please try again in a moment.',
      de: 'Der Server kann seine Regeln gerade nicht prüfen. Bitte versuchen Sie es gleich noch einmal.',
    },
  },
  internal: {
    type: 'wait',
    condition: 'internal-server-error',
    http: 500,
    problem: 'internal',
    text: { en: 'Something went wrong on our side.', de: 'Bei uns ist etwas schiefgegangen.' },
  },
} as const satisfies Record<string, Code> & Record<PolicyCode, Code>
