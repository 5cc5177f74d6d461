import type { playbooks as english } from '../en/playbooks.ts'

/** What is kept ready. */
export const playbooks: typeof english = {
  start: 'Starten …',
  playbooks: 'Ablaufpläne',
  noPlaybooks:
    'Kein Ablaufplan liegt bereit. Schreiben Sie einen, bevor er gebraucht wird: was auszusetzen ist, und was die Leute erfahren.',
  notified: (names) => `Beim Start verständigt: ${names}.`,
  playbooksHint: 'Für den Notfall bereit und in einem Zug gestartet.',
  newPlaybook: 'Neuer Ablaufplan',
  editPlaybook: (name) => `Ablaufplan ${name}`,
  changedBy: (name) => `Geändert von ${name},`,
  tryAsDrill: 'Als Übung ausprobieren …',
  edit: 'Bearbeiten',
  save: 'Speichern',
  nameHint: 'Kleine Buchstaben, Ziffern und Bindestriche, wie bild-exploit.',
  nameTaken: 'Einen Ablaufplan dieses Namens gibt es schon. Bearbeiten Sie ihn, oder wählen Sie einen anderen Namen.',
  description: 'Wofür er ist',
  step: (number) => `Sperre ${number}`,
  addStep: 'Eine Sperre hinzufügen',
  removeStep: (number) => `Sperre ${number} entfernen`,
  minutesHint: {
    endAfterMin: 'Leer: Eine Person beendet sie.',
    reviewAfterMin: 'Leer: Zuständige werden nach einer Stunde erinnert.',
  },
  notify: 'Wem es gesagt wird',
  notifyHint: 'Konten, die beim Start eine Nachricht bekommen, durch Kommas getrennt.',
  playbookRule: (number) => `Client-Regel ${number}`,
  addPlaybookRule: 'Eine Client-Regel hinzufügen',
  removeRule: (number) => `Client-Regel ${number} entfernen`,
  removePlaybook: 'Ablaufplan entfernen',
  playbookSaved: (name) => `Der Ablaufplan ${name} liegt bereit.`,
  playbookRemoved: (name) => `Der Ablaufplan ${name} ist entfernt. Was er gestartet hatte, läuft weiter.`,
  takeTheirs: 'Deren Fassung nehmen statt meiner',
  removePlaybookQuestion: (name: string) => `Den Ablaufplan ${name} entfernen?`,
  removePlaybookHint: 'Er ist dann für alle weg. Was er gestartet hat, läuft weiter.',
}
