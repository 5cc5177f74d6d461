import type { audit as english } from '../en/audit.ts'

/** The log. */
export const audit: typeof english = {
  noAudit: 'Ihre Rolle darf das Protokoll nicht lesen. Fragen Sie die Revision.',
  auditTitle: 'Wer was getan hat',
  auditFilters: { actor: 'Wer', action: 'Was', target: 'Woran', from: 'Von', until: 'Bis' },
  filter: 'Filtern',
  clearFilter: 'Alle zeigen',
  change: 'Vorher und nachher',
  noEntries: 'Kein Eintrag passt zu diesem Filter.',
  nothingMore: (position) => `Eintrag ${position}`,
  showChange: (position) => `Eintrag ${position}: zeigen`,
  verifyTitle: 'Ist das Protokoll vollständig?',
  verifyHint: 'Liest jeden Eintrag vom ersten an und prüft, ob jeder den vorigen fortsetzt.',
  verify: 'Prüfen',
  verifying: 'Wird geprüft …',
  intact: (count) => `Vollständig. Geprüfte Einträge: ${count}.`,
  broken: (position, why) => `Gebrochen bei Eintrag ${position}. ${why}`,
}
