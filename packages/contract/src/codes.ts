import type { PolicyCode } from '@drawbridge/policy'

/** Stanza error types, RFC 6120 §8.3.2. */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait'

/** Defined stanza error conditions, RFC 6120 §8.3.3. */
export type StanzaErrorCondition =
  | 'bad-request'
  | 'conflict'
  | 'feature-not-implemented'
  | 'forbidden'
  | 'gone'
  | 'internal-server-error'
  | 'item-not-found'
  | 'jid-malformed'
  | 'not-acceptable'
  | 'not-allowed'
  | 'not-authorized'
  | 'policy-violation'
  | 'recipient-unavailable'
  | 'redirect'
  | 'registration-required'
  | 'remote-server-not-found'
  | 'remote-server-timeout'
  | 'resource-constraint'
  | 'service-unavailable'
  | 'subscription-required'
  | 'undefined-condition'
  | 'unexpected-request'

/** One failure in both protocols. `problem` is the last part of the RFC 9457 `type`: clients act on it. */
export interface Code {
  readonly type: StanzaErrorType
  readonly condition: StanzaErrorCondition
  readonly http: number
  readonly problem: string
  readonly text: { readonly en: string; readonly de: string }
}

/** Every failure a user can meet. Adding a row adds it to both protocols and to the docs. */
export const CODES = {
  // What the rules say.
  'client-too-old': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'client-version-blocked',
    text: {
      en: 'This version of your app is no longer allowed here. Please update it.',
      de: 'Diese Version Ihrer App ist hier nicht mehr zugelassen. Bitte aktualisieren Sie sie.',
    },
  },
  'client-unknown': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'client-version-blocked',
    text: {
      en: 'Your app does not say which version it is. Please use an app that does.',
      de: 'Ihre App nennt ihre Version nicht. Bitte verwenden Sie eine App, die das tut.',
    },
  },
  'client-not-allowed': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'client-version-blocked',
    text: {
      en: 'This app is not allowed here. Please use another one, such as the web client.',
      de: 'Diese App ist hier nicht zugelassen. Bitte verwenden Sie eine andere, zum Beispiel den Web-Client.',
    },
  },
  'media-withheld': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 403,
    problem: 'media-withheld',
    text: {
      en: 'This image is withheld from this version of your app. Please update it.',
      de: 'Dieses Bild wird dieser Version Ihrer App vorenthalten. Bitte aktualisieren Sie sie.',
    },
  },
  'media-recalled': {
    type: 'cancel',
    condition: 'policy-violation',
    http: 410,
    problem: 'media-recalled',
    text: {
      en: 'This file was recalled by the administrator.',
      de: 'Diese Datei wurde vom Administrator zurückgerufen.',
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
  suspended: {
    type: 'wait',
    condition: 'policy-violation',
    http: 503,
    problem: 'suspended',
    text: {
      en: 'This is suspended by the administrator. Nothing was sent; please try again later.',
      de: 'Dies ist vom Administrator ausgesetzt. Es wurde nichts gesendet; bitte versuchen Sie es später erneut.',
    },
  },
  'federation-off': {
    type: 'cancel',
    condition: 'remote-server-not-found',
    http: 403,
    problem: 'federation-off',
    text: {
      en: 'This server does not exchange messages with other servers.',
      de: 'Dieser Server tauscht keine Nachrichten mit anderen Servern aus.',
    },
  },
  'policy-stale': {
    type: 'wait',
    condition: 'service-unavailable',
    http: 503,
    problem: 'temporarily-unavailable',
    text: {
      en: 'The server cannot check its rules right now. Please try again in a moment.',
      de: 'Der Server kann seine Regeln gerade nicht prüfen. Bitte versuchen Sie es gleich noch einmal.',
    },
  },
  internal: {
    type: 'wait',
    condition: 'internal-server-error',
    http: 500,
    problem: 'internal',
    text: { en: 'Something went wrong on our side.', de: 'Bei uns ist etwas schiefgegangen.' },
  },

  // Accounts and sign-in.
  'account-disabled': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'account-disabled',
    text: { en: 'This account is disabled.', de: 'Dieses Konto ist deaktiviert.' },
  },
  'account-exists': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'account-exists',
    text: { en: 'An account of this name exists already.', de: 'Ein Konto mit diesem Namen gibt es schon.' },
  },
  'no-such-account': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-account',
    text: { en: 'There is no account of this name.', de: 'Ein Konto mit diesem Namen gibt es nicht.' },
  },
  'bad-account-name': {
    type: 'modify',
    condition: 'jid-malformed',
    http: 400,
    problem: 'bad-account-name',
    text: { en: 'This name cannot be an account name.', de: 'Dieser Name kann kein Kontoname sein.' },
  },
  'weak-password': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 400,
    problem: 'weak-password',
    text: {
      en: 'A password needs at least 8 characters and must not be a common one.',
      de: 'Ein Passwort braucht mindestens 8 Zeichen und darf kein gängiges sein.',
    },
  },
  'bad-invitation': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'bad-invitation',
    text: {
      en: 'This invitation is not, or no longer, valid. Ask for a new one.',
      de: 'Diese Einladung ist nicht oder nicht mehr gültig. Bitten Sie um eine neue.',
    },
  },
  'no-such-invitation': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-invitation',
    text: { en: 'There is no such invitation.', de: 'Diese Einladung gibt es nicht.' },
  },
  'no-such-unit': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-unit',
    text: { en: 'There is no such unit.', de: 'Diese Einheit gibt es nicht.' },
  },
  'unit-exists': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'unit-exists',
    text: { en: 'A unit of this name exists already.', de: 'Eine Einheit mit diesem Namen gibt es schon.' },
  },
  'last-administrator': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'last-administrator',
    text: {
      en: 'This is the last administrator who can still sign in.',
      de: 'Dies ist der letzte Administrator, der sich noch anmelden kann.',
    },
  },
  'sign-in-failed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'sign-in-failed',
    text: { en: 'Name or password is wrong.', de: 'Name oder Passwort ist falsch.' },
  },
  'come-again': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'come-again',
    text: {
      en: 'The service is back, and everybody returns at once. Your app tries again by itself.',
      de: 'Der Dienst ist wieder da, und alle kommen auf einmal zurück. Ihre App versucht es von selbst noch einmal.',
    },
  },
  'offline-token-invalid': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'offline-token-invalid',
    text: {
      en: 'This emergency token is no good here.',
      de: 'Dieses Notfall-Token gilt hier nicht.',
    },
  },
  'break-glass-limit': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'break-glass-limit',
    text: {
      en: 'There are five break-glass accounts already: take it from another one first.',
      de: 'Es gibt schon fünf Notfallkonten: Nehmen Sie es zuerst einem anderen.',
    },
  },
  'break-glass-factor': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'break-glass-factor',
    text: {
      en: 'A break-glass account needs a second factor: its owner has to enroll one first.',
      de: 'Ein Notfallkonto braucht einen zweiten Faktor: Wem es gehört, muss zuerst einen einrichten.',
    },
  },
  'last-break-glass': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'last-break-glass',
    text: {
      en: 'This is the last break-glass account: without it nobody could sign in to end a suspension.',
      de: 'Dies ist das letzte Notfallkonto: Ohne es könnte sich niemand anmelden, um eine Sperre zu beenden.',
    },
  },
  'second-factor-needed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'second-factor-needed',
    text: {
      en: 'Please add the code of your authenticator, or a recovery code.',
      de: 'Bitte geben Sie auch den Code Ihrer Authenticator-App oder einen Wiederherstellungscode an.',
    },
  },
  'second-factor-failed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'second-factor-failed',
    text: {
      en: 'This code is wrong or was used already. Please wait for the next one.',
      de: 'Dieser Code ist falsch oder wurde schon verwendet. Bitte warten Sie auf den nächsten.',
    },
  },
  'second-factor-missing': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'second-factor-missing',
    text: {
      en: 'You need a second factor first. Please enroll one.',
      de: 'Sie brauchen zuerst einen zweiten Faktor. Bitte richten Sie einen ein.',
    },
  },
  'second-factor-enrolled': {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'second-factor-enrolled',
    text: {
      en: 'A second factor is enrolled already. Remove it first.',
      de: 'Ein zweiter Faktor ist schon eingerichtet. Entfernen Sie ihn zuerst.',
    },
  },
  'second-factor-required': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 409,
    problem: 'second-factor-required',
    text: {
      en: 'This account may not be without a second factor.',
      de: 'Dieses Konto darf nicht ohne zweiten Faktor sein.',
    },
  },
  'fresh-sign-in-needed': {
    type: 'auth',
    condition: 'not-authorized',
    http: 403,
    problem: 'fresh-sign-in-needed',
    text: {
      en: 'Please show once more who you are, then try again.',
      de: 'Bitte weisen Sie sich noch einmal aus und versuchen Sie es dann erneut.',
    },
  },
  'foreign-origin': {
    type: 'cancel',
    condition: 'forbidden',
    http: 403,
    problem: 'foreign-origin',
    text: {
      en: 'This request was not made by the console. Please open the console and try again there.',
      de: 'Diese Anfrage kam nicht aus der Konsole. Bitte öffnen Sie die Konsole und versuchen Sie es dort erneut.',
    },
  },
  'changed-meanwhile': {
    type: 'cancel',
    condition: 'conflict',
    http: 412,
    problem: 'changed-meanwhile',
    text: {
      en: 'Somebody has changed this since you looked. Look again, then decide.',
      de: 'Jemand hat das geändert, seit Sie es angesehen haben. Sehen Sie noch einmal nach und entscheiden Sie dann.',
    },
  },
  'idempotency-key-reused': {
    type: 'modify',
    condition: 'bad-request',
    http: 422,
    problem: 'idempotency-key-reused',
    text: {
      en: 'This idempotency key belongs to another request. Use a new one.',
      de: 'Dieser Idempotency-Key gehört zu einer anderen Anfrage. Verwenden Sie einen neuen.',
    },
  },
  'idempotency-key-busy': {
    type: 'wait',
    condition: 'conflict',
    http: 409,
    problem: 'idempotency-key-busy',
    text: {
      en: 'This request is under way, or was cut off. Look at what it has changed before you send it with a new key.',
      de: 'Diese Anfrage läuft noch oder wurde abgebrochen. Sehen Sie nach, was sie geändert hat, bevor Sie sie mit neuem Schlüssel senden.',
    },
  },
  'no-such-token': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-token',
    text: { en: 'There is no such token, or it is over.', de: 'Dieses Token gibt es nicht, oder es gilt nicht mehr.' },
  },
  'token-scope-refused': {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'token-scope-refused',
    text: {
      en: 'A token may do nothing that its owner may not. Leave these scopes out.',
      de: 'Ein Token darf nichts, was seine Besitzerin nicht darf. Lassen Sie diese Rechte weg.',
    },
  },
  'too-many-tokens': {
    type: 'cancel',
    condition: 'resource-constraint',
    http: 409,
    problem: 'too-many-tokens',
    text: {
      en: 'This account has as many tokens as it may have. Revoke one that nobody needs.',
      de: 'Dieses Konto hat so viele Tokens, wie es haben darf. Widerrufen Sie eines, das niemand braucht.',
    },
  },
  'not-authorized': {
    type: 'auth',
    condition: 'not-authorized',
    http: 401,
    problem: 'not-authorized',
    text: { en: 'Please sign in.', de: 'Bitte melden Sie sich an.' },
  },
  'rate-limited': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 429,
    problem: 'rate-limited',
    text: {
      en: 'Too many requests. Please wait a moment.',
      de: 'Zu viele Anfragen. Bitte warten Sie einen Moment.',
    },
  },

  // Policy administration.
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
  'not-simulated': {
    type: 'cancel',
    condition: 'not-acceptable',
    http: 409,
    problem: 'not-simulated',
    text: {
      en: 'A rule that blocks needs a simulation that is at most an hour old. Run one, look at it, and pass its token.',
      de: 'Eine Regel, die aussperrt, braucht eine höchstens eine Stunde alte Simulation. Führen Sie eine durch, und geben Sie ihr Token an.',
    },
  },
  'self-lock-out': {
    type: 'cancel',
    condition: 'not-acceptable',
    http: 409,
    problem: 'self-lock-out',
    text: {
      en: 'This rule would lock out you or every administrator. Make an exception first, or use the command line on the server.',
      de: 'Diese Regel würde Sie oder alle Administratoren aussperren. Machen Sie zuerst eine Ausnahme, oder verwenden Sie die Befehlszeile auf dem Server.',
    },
  },
  'not-confirmed': {
    type: 'cancel',
    condition: 'not-acceptable',
    http: 409,
    problem: 'not-confirmed',
    text: {
      en: 'To confirm, sign in to chat again first: the rule is confirmed by a session of yours that it lets in.',
      de: 'Melden Sie sich zum Bestätigen zuerst neu im Chat an: Bestätigt wird durch eine Ihrer Sitzungen, die die Regel zulässt.',
    },
  },
  'no-such-suspension': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'no-such-suspension',
    text: { en: 'There is no such suspension.', de: 'Diese Aussetzung gibt es nicht.' },
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
      en: 'You have started an emergency on this scope alone within the last 24 hours. Start it without the emergency flag and ask another approver, or use the command line on the server.',
      de: 'Sie haben in den letzten 24 Stunden schon allein einen Notfall für diesen Bereich ausgelöst. Starten Sie ohne den Notfall und bitten Sie eine andere Person um Zustimmung, oder verwenden Sie die Befehlszeile auf dem Server.',
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

  // Images and files.
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

  // General: named like the stanza error conditions of RFC 6120 §8.3.3.
  'bad-request': {
    type: 'modify',
    condition: 'bad-request',
    http: 400,
    problem: 'bad-request',
    text: { en: 'The request is malformed.', de: 'Die Anfrage ist fehlerhaft.' },
  },
  conflict: {
    type: 'cancel',
    condition: 'conflict',
    http: 409,
    problem: 'conflict',
    text: { en: 'This conflicts with what is there.', de: 'Dies steht im Widerspruch zu Vorhandenem.' },
  },
  'feature-not-implemented': {
    type: 'cancel',
    condition: 'feature-not-implemented',
    http: 501,
    problem: 'feature-not-implemented',
    text: { en: 'This server cannot do that.', de: 'Das kann dieser Server nicht.' },
  },
  forbidden: {
    type: 'auth',
    condition: 'forbidden',
    http: 403,
    problem: 'forbidden',
    text: { en: 'You are not allowed to do this.', de: 'Das dürfen Sie nicht.' },
  },
  'item-not-found': {
    type: 'cancel',
    condition: 'item-not-found',
    http: 404,
    problem: 'not-found',
    text: { en: 'There is nothing here.', de: 'Hier gibt es nichts.' },
  },
  'jid-malformed': {
    type: 'modify',
    condition: 'jid-malformed',
    http: 400,
    problem: 'jid-malformed',
    text: { en: 'This is not a valid address.', de: 'Das ist keine gültige Adresse.' },
  },
  'not-acceptable': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 406,
    problem: 'not-acceptable',
    text: { en: 'This is not acceptable in this form.', de: 'In dieser Form ist das nicht zulässig.' },
  },
  'not-allowed': {
    type: 'cancel',
    condition: 'not-allowed',
    http: 405,
    problem: 'not-allowed',
    text: { en: 'This cannot be done here.', de: 'Das geht hier nicht.' },
  },
  'payload-too-large': {
    type: 'modify',
    condition: 'policy-violation',
    http: 413,
    problem: 'payload-too-large',
    text: { en: 'The request is too large.', de: 'Die Anfrage ist zu groß.' },
  },
  'unsupported-media-type': {
    type: 'modify',
    condition: 'not-acceptable',
    http: 415,
    problem: 'unsupported-media-type',
    text: {
      en: 'The body must be application/json.',
      de: 'Der Inhalt muss application/json sein.',
    },
  },
  'recipient-unavailable': {
    type: 'wait',
    condition: 'recipient-unavailable',
    http: 404,
    problem: 'recipient-unavailable',
    text: { en: 'The recipient is not available.', de: 'Der Empfänger ist nicht erreichbar.' },
  },
  'remote-server-not-found': {
    type: 'cancel',
    condition: 'remote-server-not-found',
    http: 404,
    problem: 'remote-server-not-found',
    text: { en: 'The server of this address was not found.', de: 'Der Server dieser Adresse wurde nicht gefunden.' },
  },
  'resource-constraint': {
    type: 'wait',
    condition: 'resource-constraint',
    http: 503,
    problem: 'resource-constraint',
    text: { en: 'The server is too busy right now.', de: 'Der Server ist gerade überlastet.' },
  },
  'service-unavailable': {
    type: 'cancel',
    condition: 'service-unavailable',
    http: 503,
    problem: 'service-unavailable',
    text: { en: 'This is not available.', de: 'Das ist nicht verfügbar.' },
  },
  'subscription-required': {
    type: 'auth',
    condition: 'subscription-required',
    http: 403,
    problem: 'subscription-required',
    text: { en: 'This is for contacts only.', de: 'Das ist nur für Kontakte.' },
  },
  'unexpected-request': {
    type: 'wait',
    condition: 'unexpected-request',
    http: 409,
    problem: 'unexpected-request',
    text: { en: 'This came at an unexpected moment.', de: 'Das kam zu einem unerwarteten Zeitpunkt.' },
  },
} as const satisfies Record<string, Code> & Record<PolicyCode, Code>

/** A row of {@link CODES}. */
export type ErrorCode = keyof typeof CODES

/** Whether a string is a row of the table. Own keys only, so `constructor` is not one. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(CODES, value)
}

/**
 * The stream error (RFC 6120 §4.9.3) that ends a live session for a reason that is not the peer's XML. A version block
 * is never `not-authorized`: clients would drop the password.
 */
export const SESSION_END = {
  'client-too-old': 'policy-violation',
  'client-unknown': 'policy-violation',
  suspended: 'system-shutdown',
  'account-disabled': 'not-authorized',
  'account-deleted': 'not-authorized',
  'password-changed': 'reset',
  'ended-by-administrator': 'reset',
  shutdown: 'system-shutdown',
} as const

/** Why a live session is ended by the server. */
export type SessionEndCode = keyof typeof SESSION_END
