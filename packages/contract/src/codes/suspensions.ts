import type { Code } from './code.ts'

/** Suspensions, and the approvals and reviews they need. */
export const SUSPENSION_CODES = {
  'no-such-suspension': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-suspension',
    text: { en: 'There is no such suspension.', de: 'Diese Aussetzung gibt es nicht.' },
  },
  'no-such-room': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-room',
    text: { en: 'There is no such room.', de: 'Diesen Raum gibt es nicht.' },
  },
  'no-such-format': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-format',
    text: {
      en: 'No images are known by this format.',
      de: 'Bilder in diesem Format sind nicht bekannt.',
    },
  },
  'suspension-ended': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'suspension-ended',
    text: { en: 'This suspension has ended already.', de: 'Diese Aussetzung ist schon beendet.' },
  },
  'start-after-end': {
    type: 'modify',
    condition: 'bad-request',
    http: 400,
    problem: 'start-after-end',
    text: { en: 'The end must be after the start.', de: 'Das Ende muss nach dem Beginn liegen.' },
  },
  'emergency-repeated': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'emergency-repeated',
    text: {
      en: 'You have suspended this alone as an emergency within the last 24 hours. What is wider, stricter or something else you may still start: leave out what is named below. Or start it without the emergency flag and ask another approver, or use the command line on the server.',
      de: 'Sie haben das in den letzten 24 Stunden schon allein als Notfall ausgesetzt. Was weiter reicht, strenger oder etwas anderes ist, dürfen Sie trotzdem auslösen: Lassen Sie weg, was unten genannt ist. Oder starten Sie ohne den Notfall und bitten Sie eine andere Person um Zustimmung, oder verwenden Sie die Befehlszeile auf dem Server.',
    },
  },
  'no-such-request': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-request',
    text: {
      en: 'Nothing with this id waits for approval: it has been decided, or it has expired.',
      de: 'Nichts mit dieser Kennung wartet auf Zustimmung: Es ist entschieden oder abgelaufen.',
    },
  },
  'own-request': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'own-request',
    text: {
      en: 'You have asked for this yourself: another approver has to agree.',
      de: 'Sie haben das selbst beantragt: Eine andere Person muss zustimmen.',
    },
  },
  'own-deed': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'own-deed',
    text: {
      en: 'You have done this alone yourself: another approver has to look at it.',
      de: 'Sie haben das selbst allein getan: Eine andere Person muss es prüfen.',
    },
  },
  'unit-in-force': {
    type: 'auth',
    condition: 'forbidden',
    http: 409,
    problem: 'unit-in-force',
    text: {
      en: 'Something in force names this unit: people who join or leave it, or its end, would go round that. A security officer does first what is named below, with another one where that takes two; or wait until it is over.',
      de: 'Etwas, das in Kraft ist, nennt diese Einheit: Wer ihr beitritt oder sie verlässt, oder ihr Ende, würde es umgehen. Sicherheitsbeauftragte tun zuerst, was unten genannt ist, zu zweit, wo es zwei braucht; oder warten Sie, bis es vorbei ist.',
    },
  },
  'offline-token-alone': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'offline-token-alone',
    text: {
      en: 'With a token on paper one person does what takes two: only the command line on the server and break-glass accounts make and use them. Start or end a suspension instead, and another approver agrees.',
      de: 'Mit einem Token auf Papier tut eine Person, was zwei braucht: Nur die Befehlszeile auf dem Server und Notfallkonten erstellen und verwenden es. Beginnen oder beenden Sie stattdessen eine Aussetzung, der eine andere Person zustimmt.',
    },
  },
  'not-under-review': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'not-under-review',
    text: {
      en: 'Messages are decided one by one only after the suspension has ended for review. End it with the release `review` first.',
      de: 'Über einzelne Nachrichten wird erst entschieden, wenn die Aussetzung zur Prüfung beendet ist. Beenden Sie sie zuerst mit der Freigabe `review`.',
    },
  },
  'nothing-to-review': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'nothing-to-review',
    text: {
      en: 'This suspension needs no review, or has had it.',
      de: 'Diese Aussetzung braucht keine Prüfung oder hat sie schon gehabt.',
    },
  },
  'no-such-playbook': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-playbook',
    text: {
      en: 'There is no playbook of this name. List them with `drawbridge playbook list`.',
      de: 'Es gibt kein Playbook mit diesem Namen. `drawbridge playbook list` zeigt alle.',
    },
  },
  'end-in-the-past': {
    type: 'modify',
    condition: 'bad-request',
    http: 400,
    problem: 'end-in-the-past',
    text: { en: 'The end must be in the future.', de: 'Das Ende muss in der Zukunft liegen.' },
  },
} as const satisfies Record<string, Code>
