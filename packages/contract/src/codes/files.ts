import type { Code } from './code.ts'

/** Uploads and downloads. */
export const FILE_CODES = {
  'file-type-refused': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 422,
    problem: 'file-type-refused',
    text: { en: 'This kind of file is not accepted here.', de: 'Diese Art von Datei wird hier nicht angenommen.' },
  },
  'file-too-large': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 413,
    problem: 'file-too-large',
    text: { en: 'This file is too large.', de: 'Diese Datei ist zu groß.' },
  },
  'quota-exceeded': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 507,
    problem: 'quota-exceeded',
    text: { en: 'There is no room left for this.', de: 'Dafür ist kein Platz mehr.' },
  },
  'media-pending': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'media-pending',
    text: { en: 'This image is still being checked.', de: 'Dieses Bild wird noch geprüft.' },
  },
  'upload-slots-open': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 429,
    problem: 'upload-slots-open',
    text: {
      en: 'Too many uploads are waiting. Please finish them first, or wait a few minutes.',
      de: 'Zu viele Uploads warten. Bitte schließen Sie diese zuerst ab, oder warten Sie einige Minuten.',
    },
  },
  'upload-day-quota': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 507,
    problem: 'upload-day-quota',
    text: {
      en: 'You have uploaded as much as a day allows. Please try again later, or send a smaller file.',
      de: 'Sie haben so viel hochgeladen, wie an einem Tag erlaubt ist. Bitte versuchen Sie es später erneut, oder senden Sie eine kleinere Datei.',
    },
  },
  'upload-stored-quota': {
    type: 'cancel',
    condition: 'resource-constraint',
    http: 507,
    problem: 'upload-stored-quota',
    text: {
      en: 'Your files take up all the room that you have here. Please ask your administrator for more.',
      de: 'Ihre Dateien belegen den ganzen Platz, den Sie hier haben. Bitte fragen Sie Ihren Administrator nach mehr.',
    },
  },
  'upload-unit-quota': {
    type: 'cancel',
    condition: 'resource-constraint',
    http: 507,
    problem: 'upload-unit-quota',
    text: {
      en: 'The files of your unit take up all the room that it has here. Please ask your administrator for more.',
      de: 'Die Dateien Ihrer Einheit belegen den ganzen Platz, den sie hier hat. Bitte fragen Sie Ihren Administrator nach mehr.',
    },
  },
  'upload-interrupted': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'upload-interrupted',
    text: {
      en: 'The file did not arrive whole. Please send it again.',
      de: 'Die Datei ist nicht vollständig angekommen. Bitte senden Sie sie erneut.',
    },
  },
  'upload-unchecked': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'upload-unchecked',
    text: {
      en: 'The file could not be checked in time and was not sent. Please try again in a moment.',
      de: 'Die Datei konnte nicht rechtzeitig geprüft werden und wurde nicht gesendet. Bitte versuchen Sie es gleich noch einmal.',
    },
  },
  'storage-unavailable': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'storage-unavailable',
    text: {
      en: 'Files cannot be reached right now. Please try again in a moment.',
      de: 'Dateien sind gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.',
    },
  },
  'evidence-key-missing': {
    type: 'cancel',
    condition: 'service-unavailable',
    http: 503,
    problem: 'evidence-key-missing',
    text: {
      en: 'Files cannot be sent: they would have to be sealed, and this server has no key for that. Please tell your administrator.',
      de: 'Dateien können nicht gesendet werden: Sie müssten versiegelt werden, und dieser Server hat keinen Schlüssel dafür. Bitte informieren Sie Ihren Administrator.',
    },
  },
  'evidence-needs-another': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'evidence-needs-another',
    text: {
      en: 'Two administrators have to agree: one asks with a reason, and within a day another one approves, whose rights and password are a day older than the request.',
      de: 'Zwei Administratoren müssen sich einig sein: Einer fragt mit einer Begründung an, und innerhalb eines Tages stimmt ein anderer zu, dessen Rechte und Passwort einen Tag älter sind als die Anfrage.',
    },
  },
  'file-key-missing': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'file-key-missing',
    text: {
      en: 'Files are not encrypted here. Name a key file (DRAWBRIDGE_BLOB_KEY_FILE), restart, and try again.',
      de: 'Dateien werden hier nicht verschlüsselt. Nennen Sie eine Schlüsseldatei (DRAWBRIDGE_BLOB_KEY_FILE), starten Sie neu, und versuchen Sie es erneut.',
    },
  },
  'link-expired': {
    type: 'cancel',
    condition: 'gone',
    http: 403,
    problem: 'link-expired',
    text: {
      en: 'This link does not say, or no longer says, who may open it. Open the conversation in your app and load its messages again: that gives you a new link.',
      de: 'Dieser Link sagt nicht oder nicht mehr, wer ihn öffnen darf. Öffnen Sie die Unterhaltung in Ihrer App und laden Sie die Nachrichten neu: So erhalten Sie einen neuen Link.',
    },
  },
  'length-required': {
    type: 'modify',
    condition: 'bad-request',
    http: 411,
    problem: 'length-required',
    text: { en: 'The request must name its length.', de: 'Die Anfrage muss ihre Länge nennen.' },
  },
} as const satisfies Record<string, Code>
