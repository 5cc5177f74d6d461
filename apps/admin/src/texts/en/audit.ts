/** The log. */
export const audit = {
  noAudit: 'Your role may not read the audit log. Ask an auditor.',
  auditTitle: 'Who did what',
  auditFilters: { actor: 'Actor', action: 'Action', target: 'Target', from: 'From', until: 'Until' },
  filter: 'Filter',
  clearFilter: 'Show all',
  change: 'Before and after',
  noEntries: 'No entry fits this filter.',
  nothingMore: (position: number) => `Entry ${position}`,
  showChange: (position: number) => `Entry ${position}: show`,
  verifyTitle: 'Is the log whole?',
  verifyHint: 'Reads every entry from the first one on and checks that each continues the one before.',
  verify: 'Verify',
  verifying: 'Verifying …',
  intact: (count: string) => `Whole. Entries checked: ${count}.`,
  broken: (position: number, why: string) => `Broken at entry ${position}. ${why}`,
}
