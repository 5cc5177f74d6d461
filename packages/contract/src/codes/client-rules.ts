import type { Code } from './code.ts'

/** Client rules, their exceptions, and the feeds of advisories that propose them. */
export const CLIENT_RULE_CODES = {
  'no-such-rule': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-rule',
    text: { en: 'There is no such client rule.', de: 'Diese Client-Regel gibt es nicht.' },
  },
  'no-such-exception': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-exception',
    text: { en: 'There is no such exception.', de: 'Diese Ausnahme gibt es nicht.' },
  },
  'no-such-device-key': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-device-key',
    text: {
      en: 'There is no such device key, or it is revoked.',
      de: 'Diesen Geräteschlüssel gibt es nicht, oder er ist widerrufen.',
    },
  },
  'client-build-outdated': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 409,
    problem: 'client-build-outdated',
    text: {
      en: 'This build of the client is not the one in use any more. Reload the page, or install the current one.',
      de: 'Dieser Build des Clients ist nicht mehr der aktuelle. Laden Sie die Seite neu oder installieren Sie den aktuellen.',
    },
  },
  'feed-unreadable': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 400,
    problem: 'feed-unreadable',
    text: {
      en: 'This file cannot be read: KEV, OSV, GHSA, CVE 5.1, CSAF 2.0, OpenVEX, or a signed bundle of them is expected.',
      de: 'Diese Datei lässt sich nicht lesen: erwartet wird KEV, OSV, GHSA, CVE 5.1, CSAF 2.0, OpenVEX oder ein signiertes Bündel davon.',
    },
  },
  'feed-not-trusted': {
    type: 'auth',
    condition: 'forbidden',
    http: 400,
    problem: 'feed-not-trusted',
    text: {
      en: 'No trusted key has signed this bundle. Check where it came from, and DRAWBRIDGE_FEED_KEYS.',
      de: 'Kein vertrauenswürdiger Schlüssel hat dieses Bündel signiert. Prüfen Sie seine Herkunft und DRAWBRIDGE_FEED_KEYS.',
    },
  },
  'feed-outdated': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'feed-outdated',
    text: {
      en: 'This bundle is not newer than the last one that was imported. Get the newest one.',
      de: 'Dieses Bündel ist nicht neuer als das zuletzt importierte. Besorgen Sie das neueste.',
    },
  },
  'sbom-unreadable': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 400,
    problem: 'sbom-unreadable',
    text: {
      en: 'This is no bill of materials that can be read: CycloneDX as JSON is expected.',
      de: 'Diese Stückliste lässt sich nicht lesen: erwartet wird CycloneDX als JSON.',
    },
  },
  'no-such-proposal': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-proposal',
    text: { en: 'There is no such proposal.', de: 'Diesen Vorschlag gibt es nicht.' },
  },
  'rule-shadowed': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'rule-shadowed',
    text: {
      en: 'This rule would never decide, or keep a stricter one from deciding. Change their priorities, or accept it.',
      de: 'Diese Regel würde nie entscheiden, oder sie verdeckt eine strengere. Ändern Sie die Prioritäten, oder nehmen Sie es hin.',
    },
  },
  'allow-needs-approval': {
    type: 'auth',
    condition: 'forbidden',
    http: 409,
    problem: 'allow-needs-approval',
    text: {
      en: 'A rule that allows clients spares them from the others, and takes two people like an exception. Add it by itself, so that another approver can agree, and apply the document then.',
      de: 'Eine Regel, die Clients zulässt, nimmt sie von den anderen aus und braucht wie eine Ausnahme zwei Personen. Fügen Sie sie einzeln hinzu, damit eine andere Person zustimmen kann, und wenden Sie das Dokument dann an.',
    },
  },
  'not-a-stage-below': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 400,
    problem: 'not-a-stage-below',
    text: {
      en: 'A rule can only be held at a milder stage than its own action. Choose one, or remove the rule.',
      de: 'Eine Regel lässt sich nur auf einer milderen Stufe anhalten als ihrer eigenen. Wählen Sie eine solche, oder entfernen Sie die Regel.',
    },
  },
  'exception-too-long': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 400,
    problem: 'exception-too-long',
    text: {
      en: 'An exception lasts a year at most. Choose an earlier end, or write a rule that allows these clients.',
      de: 'Eine Ausnahme gilt höchstens ein Jahr. Wählen Sie ein früheres Ende, oder schreiben Sie eine Regel, die diese Clients zulässt.',
    },
  },
  'rule-without-effect': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 400,
    problem: 'rule-without-effect',
    text: {
      en: 'Written like this it would be about nobody, or do nothing. Correct what is named below.',
      de: 'So geschrieben beträfe es niemanden oder täte nichts. Korrigieren Sie, was unten genannt ist.',
    },
  },
  'not-simulated': {
    type: 'cancel',
    condition: 'not-acceptable',
    http: 409,
    problem: 'not-simulated',
    text: {
      en: 'What keeps people out needs a simulation that is at most an hour old. Run one, look at it, and pass its token.',
      de: 'Was Leute aussperrt, braucht eine höchstens eine Stunde alte Simulation. Führen Sie eine durch, und geben Sie ihr Token an.',
    },
  },
  'nothing-to-confirm': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'nothing-to-confirm',
    text: {
      en: 'There is nothing to confirm: it was confirmed, withdrawn, or needs none. Look at how it stands now.',
      de: 'Es gibt nichts zu bestätigen: Es wurde bestätigt, zurückgenommen oder braucht keine Bestätigung. Sehen Sie den jetzigen Stand an.',
    },
  },
  'self-lock-out': {
    type: 'cancel',
    condition: 'not-acceptable',
    http: 409,
    problem: 'self-lock-out',
    text: {
      en: 'This would lock out you or every administrator. Make an exception first, or use the command line on the server.',
      de: 'Das würde Sie oder alle Administratoren aussperren. Machen Sie zuerst eine Ausnahme, oder verwenden Sie die Befehlszeile auf dem Server.',
    },
  },
  'guardrails-needed': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'guardrails-needed',
    text: {
      en: 'Only rules with the preset emergency or now may do without guardrails. Hold the rule at a stage instead, or make one that is in a hurry.',
      de: 'Nur Regeln mit der Voreinstellung emergency oder now kommen ohne Leitplanken aus. Halten Sie die Regel stattdessen auf einer Stufe an, oder erstellen Sie eine eilige.',
    },
  },
  'not-confirmed': {
    type: 'cancel',
    condition: 'not-acceptable',
    http: 409,
    problem: 'not-confirmed',
    text: {
      en: 'To confirm, sign in to chat again first, with a client that will still be let in when all of this is in force: that session of yours confirms it.',
      de: 'Melden Sie sich zum Bestätigen zuerst neu im Chat an, mit einem Client, der auch dann noch zugelassen ist, wenn alles in Kraft ist: Diese Ihrer Sitzungen bestätigt.',
    },
  },
} as const satisfies Record<string, Code>
