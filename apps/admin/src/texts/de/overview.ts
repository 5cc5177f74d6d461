import { n } from './count.ts'
import type { overview as english } from '../en/overview.ts'

/** The landing page. */
export const overview: typeof english = {
  noStatus: 'Ihre Rolle sieht nur die Leute ihrer Einheiten, über die Befehlszeile.',
  tileSessions: 'Sitzungen',
  tileAccounts: (count) => `von ${count} Konten`,
  tileMessages: 'Nachrichten pro Minute',
  tileImages: 'Bilder pro Minute',
  tileOver: (span: string) => `In den letzten ${span}`,
  tileSince: (when: string) => `Im Schnitt seit ${when}`,
  verdicts: {
    normal: 'Alles läuft.',
    degraded: 'Nicht alles läuft.',
    suspended: 'Etwas ist ausgesetzt.',
    drill: 'Eine Übung läuft. Nichts ist ausgesetzt.',
  },
  tileSuspensions: 'Laufende Sperren',
  tileHeld: (count) => `Zurückgehaltene Nachrichten: ${count}.`,
  tileLevel: (level) => `Sandbox-Stufe ${level}.`,
  tileNoAnswer: 'Sie antwortet nicht.',
  tileRules: 'Client-Regeln',
  tileStale: 'Die Regeln sind nicht lesbar: Senden wird abgelehnt',
  tileBuilds: 'Sitzungen auf Versionen ohne bekannte Lücke',
  tileNobody: 'Keine Sitzungen',
  tileBuildsNote: (flawed, unknown) => `Mit bekannter Lücke: ${flawed}. Nicht zu benennen: ${unknown}.`,
  tileAdvisories: 'Offene Sicherheitsmeldungen',
  tileExploited: (count) =>
    count === 0
      ? 'Keine wird für Angriffe genutzt'
      : n(count, 'Eine wird für Angriffe genutzt', `${count} werden für Angriffe genutzt`),
  nodes: 'Knoten',
  nodeSelf: 'diese Antwort',
  nodeEpoch: 'Regeln',
  nodeAlive: 'aktiv',
  nodeGone: 'weg',
  nodeBehind: (own, newest) => `${own}, hinter ${newest}`,
  checks: 'Prüfungen',
  check: 'Teil',
  checkFine: 'in Ordnung',
  checkFailed: 'fehlgeschlagen',
  detail: 'Einzelheit',
  inHurry: 'Wenn es eilt:',
  attentionTitle: 'Braucht jemanden',
  attentionNone: 'Nichts wartet auf jemanden.',
  attention: {
    stale: () => 'Die Regeln sind nicht lesbar: Senden wird abgelehnt. Sehen Sie nach der Datenbank.',
    check: (name) => `Nicht in Ordnung: ${name}.`,
    confirm: (family) => `Eine Regel über ${family} hört auf zu sperren, wenn niemand sie bestätigt.`,
    approval: (by) => `${by} bittet um eine zweite Person.`,
    review: (scopes) => `Eine Sperre wartet auf Durchsicht: ${scopes}.`,
    held: (count) => `Nachrichten warten auf eine Entscheidung: ${count}.`,
    queue: (count) => `Die Bildprüfung ist im Rückstand. Wartende Uploads: ${count}.`,
    exploited: (flaw) => `${flaw} wird in Angriffen genutzt, und steckt in Clients hier.`,
  },
  tileQueue: 'Warten auf die Bildprüfung',
  tileQueueEmpty: 'Nichts wartet.',
  tileQueueAge: (age) => `Das Älteste seit ${age}.`,
  tileOthers: (count) =>
    n(count, 'Eine weitere ist Übung oder geplant.', `${count} weitere sind Übungen oder geplant.`),
  tileLive: 'Über die letzte Minute',
  verdictSuspended: (scopes: string) => `Ausgesetzt: ${scopes}.`,
}
