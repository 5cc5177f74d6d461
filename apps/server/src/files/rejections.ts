import { FILE_REJECT_REASONS } from '@drawbridge/contract'
import type { FileRejectReason } from '@drawbridge/contract'

/** How a refused file is kept apart from a refused image where one reason is stored. */
const PREFIX = 'file:'

/** What to store for a refused file. */
export function storedReason(reason: FileRejectReason): `file:${FileRejectReason}` {
  return `${PREFIX}${reason}`
}

/** The reason a stored one stands for; undefined when it is none of a file. */
export function fileReasonFrom(stored: string | null): FileRejectReason | undefined {
  if (!stored?.startsWith(PREFIX)) return undefined
  return FILE_REJECT_REASONS.find((reason) => stored === PREFIX + reason) ?? 'other'
}

const KIND = {
  en: 'Files of this kind are not accepted here.',
  de: 'Dateien dieser Art werden hier nicht angenommen.',
} as const

/** What a sender can do about a refused file. */
export const FILE_REJECTIONS: Readonly<Record<FileRejectReason, { readonly en: string; readonly de: string }>> = {
  executable: {
    en: 'Programs, and archives that hold one, are not accepted here. Ask your administrator how to share it.',
    de: 'Programme und Archive, die eines enthalten, werden hier nicht angenommen. Fragen Sie Ihre Administration, wie Sie es weitergeben können.',
  },
  script: {
    en: 'Scripts and shortcuts, and archives that hold one, are not accepted here. You can paste the text into a message.',
    de: 'Skripte und Verknüpfungen sowie Archive, die solche enthalten, werden hier nicht angenommen. Sie können den Text in eine Nachricht einfügen.',
  },
  macros: {
    en: 'Documents with macros are not accepted here. Save it without macros, or as PDF, and send that.',
    de: 'Dokumente mit Makros werden hier nicht angenommen. Speichern Sie es ohne Makros oder als PDF und senden Sie das.',
  },
  'active-content': {
    en: 'Pages and documents with scripts are not accepted here. Save it as PDF without scripts, or as text, and send that.',
    de: 'Seiten und Dokumente mit Skripten werden hier nicht angenommen. Speichern Sie es als PDF ohne Skripte oder als Text und senden Sie das.',
  },
  'encrypted-archive': {
    en: 'Files with a password are not accepted here, since nobody can look into them. Send it without the password.',
    de: 'Dateien mit Passwort werden hier nicht angenommen, weil niemand hineinsehen kann. Senden Sie sie ohne Passwort.',
  },
  'unreadable-archive': {
    en: 'Archives of this kind cannot be checked here. Send it as ZIP or as single files.',
    de: 'Archive dieser Art können hier nicht geprüft werden. Senden Sie es als ZIP oder als einzelne Dateien.',
  },
  'unsafe-archive': {
    en: 'This archive is damaged or built in a way that could do harm. Pack it anew, or send its files one by one.',
    de: 'Dieses Archiv ist beschädigt oder so gebaut, dass es schaden könnte. Packen Sie es neu oder senden Sie seine Dateien einzeln.',
  },
  mismatch: {
    en: 'The content of this file does not fit its name. Give it the right extension and send it again.',
    de: 'Der Inhalt dieser Datei passt nicht zu ihrem Namen. Geben Sie ihr die richtige Endung und senden Sie sie erneut.',
  },
  opaque: {
    en: 'This file looks encrypted, and nobody could look into it. Send it unencrypted; the way here is protected.',
    de: 'Diese Datei sieht verschlüsselt aus, niemand könnte hineinsehen. Senden Sie sie unverschlüsselt; der Weg hierher ist geschützt.',
  },
  archive: KIND,
  document: KIND,
  audio: KIND,
  video: KIND,
  image: KIND,
  text: KIND,
  other: KIND,
  infected: {
    en: 'This file was refused because it holds a virus. Check your device.',
    de: 'Diese Datei wurde abgelehnt, weil sie einen Virus enthält. Prüfen Sie Ihr Gerät.',
  },
  unscanned: {
    en: 'Files cannot be checked for viruses at the moment. Please send it again later.',
    de: 'Dateien können zurzeit nicht auf Viren geprüft werden. Bitte senden Sie sie später erneut.',
  },
}
