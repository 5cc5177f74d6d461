import type { Code } from './code.ts'

/** Images, encryption and previews: what a message may carry; recalls and the making anew of images. */
export const CONTENT_CODES = {
  'image-rejected': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 422,
    problem: 'image-rejected',
    text: {
      en: 'This image cannot be sent. Try saving it as PNG or JPEG.',
      de: 'Dieses Bild kann nicht gesendet werden. Versuchen Sie, es als PNG oder JPEG zu speichern.',
    },
  },
  'image-budget': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 429,
    problem: 'image-budget',
    text: {
      en: 'You have sent very many images in a short time. Please wait a minute, then send this one again.',
      de: 'Sie haben in kurzer Zeit sehr viele Bilder gesendet. Bitte warten Sie eine Minute und senden Sie dieses dann erneut.',
    },
  },
  'key-scanner-missing': {
    type: 'cancel',
    condition: 'feature-not-implemented',
    http: 422,
    problem: 'key-scanner-missing',
    text: {
      en: 'There is no scanner that could hold keys yet. Choose refuse, text-only or client-sanitize.',
      de: 'Es gibt noch keinen Scanner, der Schlüssel halten könnte. Wählen Sie refuse, text-only oder client-sanitize.',
    },
  },
  'unknown-content-refused': {
    type: 'modify',
    condition: 'policy-violation',
    http: 422,
    problem: 'unknown-content-refused',
    text: {
      en: 'This holds encoded data that cannot be checked for images. Please share files by upload.',
      de: 'Dies enthält kodierte Daten, die nicht auf Bilder geprüft werden können. Bitte teilen Sie Dateien per Upload.',
    },
  },
  'file-transfer-refused': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 403,
    problem: 'file-transfer-refused',
    text: {
      en: 'Files are not passed from client to client here. Please share the file by upload.',
      de: 'Dateien werden hier nicht von Gerät zu Gerät übertragen. Bitte teilen Sie die Datei per Upload.',
    },
  },
  'encryption-refused': {
    type: 'modify',
    condition: 'policy-violation',
    http: 403,
    problem: 'encryption-refused',
    text: {
      en: 'End-to-end encrypted content is not accepted here, since it cannot be checked for images. Please turn it off for this conversation.',
      de: 'Ende-zu-Ende-verschlüsselte Inhalte werden hier nicht angenommen, weil sie nicht auf Bilder geprüft werden können. Bitte schalten Sie die Verschlüsselung für diese Unterhaltung aus.',
    },
  },
  'encryption-too-long': {
    type: 'modify',
    condition: 'policy-violation',
    http: 403,
    problem: 'encryption-too-long',
    text: {
      en: 'Only text may be end-to-end encrypted here. This is too long for a text; please send it in parts.',
      de: 'Nur Text darf hier Ende-zu-Ende verschlüsselt werden. Dies ist zu lang für einen Text; bitte senden Sie es in Teilen.',
    },
  },
  'encryption-media-refused': {
    type: 'modify',
    condition: 'policy-violation',
    http: 403,
    problem: 'encryption-media-refused',
    text: {
      en: 'End-to-end encrypted files are not accepted here. Please turn encryption off to share this file.',
      de: 'Ende-zu-Ende-verschlüsselte Dateien werden hier nicht angenommen. Bitte schalten Sie die Verschlüsselung aus, um diese Datei zu teilen.',
    },
  },
  'previews-off': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'previews-off',
    text: {
      en: 'Previews of links are switched off here. You can still open the link.',
      de: 'Linkvorschauen sind hier abgeschaltet. Sie können den Link trotzdem öffnen.',
    },
  },
  'no-preview': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-preview',
    text: {
      en: 'There is no preview of this link. You can still open it.',
      de: 'Von diesem Link gibt es keine Vorschau. Sie können ihn trotzdem öffnen.',
    },
  },
  'renewal-running': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'renewal-running',
    text: {
      en: 'Images are being made anew already. Stop that first, or let it end.',
      de: 'Die Bilder werden bereits neu erzeugt. Halten Sie das zuerst an, oder warten Sie das Ende ab.',
    },
  },
  'renewal-not-running': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'renewal-not-running',
    text: { en: 'No images are being made anew now.', de: 'Zurzeit werden keine Bilder neu erzeugt.' },
  },
  'no-such-recall': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-recall',
    text: { en: 'There is no such recall, or it has ended.', de: 'Diesen Rückruf gibt es nicht, oder er ist beendet.' },
  },
} as const satisfies Record<string, Code>
