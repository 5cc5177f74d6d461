import { n } from './count.ts'
import type { frame as english } from '../en/frame.ts'

/** What is around every page: signing in, states, problems, tables. */
export const frame: typeof english = {
  appName: 'Drawbridge-Verwaltung',
  retry: 'Erneut versuchen',
  language: 'Sprache',
  skip: 'Zum Inhalt springen',
  navigation: 'Seiten',
  unreachable:
    'Der Server ist nicht erreichbar, oder etwas dazwischen lässt die Antwort nicht durch. Bitte versuchen Sie es erneut.',
  unexpected: 'Etwas ist schiefgegangen.',
  stale: (clock) => `Gezeigt wird der Stand von ${clock}.`,
  asOf: (clock) => `Stand ${clock}`,
  stalled: (clock) => `steht seit ${clock}`,
  notYours: (roles) => `Ihre Rolle darf das nicht. Fragen Sie jemanden mit einer dieser Rollen: ${roles}.`,
  signInTitle: 'Anmelden zur Verwaltung',
  codeNeeded:
    'Dieses Konto hat einen zweiten Faktor: Bitte geben Sie auch einen Code an, oder nehmen Sie Ihren Passkey.',
  signIn: 'Anmelden',
  signingIn: 'Anmeldung läuft …',
  signOut: 'Abmelden',
  expiredTitle: 'Bitte melden Sie sich erneut an',
  expiredText: 'Ihre Sitzung ist beendet. Was Sie eingegeben haben, ist noch da.',
  pages: { overview: 'Übersicht', clients: 'Clients', emergency: 'Notfall', audit: 'Protokoll', account: 'Ihr Konto' },
  stateUnknown: 'Unbekannt',
  mustEnroll: 'Richten Sie zuerst einen zweiten Faktor ein',
  signInByPasskey: 'Passkey verwenden',
  conflict: 'Jemand anderes hat das geändert, seit Sie es gesehen haben:',
  conflictGone:
    'Jemand anderes hat das inzwischen entfernt. Was Sie eingegeben haben, ist noch da; Speichern legt es neu an.',
  saveCsv: 'Als CSV speichern',
  suggestions: 'Vorschläge',
  suggested: (count: number, isCut: boolean) =>
    isCut
      ? `Die ersten ${count} Vorschläge; wer mehr tippt, sieht weniger.`
      : n(count, 'Ein Vorschlag.', count === 0 ? 'Keine Vorschläge.' : `${count} Vorschläge.`),
  removeName: (name: string) => `${name} entfernen`,
  shownSoFar: (count: string) => `Gezeigt: ${count}. Es gibt mehr.`,
  shownAll: (count: string) => `Insgesamt: ${count}.`,
  loadMore: 'Mehr zeigen',
  inZone: (zone: string) => `Zeitzone: ${zone}.`,
  draftRestored: 'Was Sie getippt hatten, ist wieder da. Nichts davon wurde gesendet.',
  draftBefore: 'Was Sie hier zuvor getippt hatten, ist aufgehoben und wurde nicht gesendet.',
  draftUndo: 'Zurückholen',
  pressAgain: 'Was Sie getippt haben, ist noch da. Drücken Sie noch einmal, um es trotzdem zu tun.',
}
