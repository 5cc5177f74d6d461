import { plural } from '@drawbridge/ui'
import type { Texts } from './en.ts'

const n = (count: number, one: string, other: string) => plural('de', count, { one, other })

export const de: Texts = {
  appName: 'Drawbridge',
  loading: 'Wird geladen …',
  close: 'Schließen',
  cancel: 'Abbrechen',
  back: 'Zurück zu den Unterhaltungen',
  retry: 'Noch einmal versuchen',
  details: 'Einzelheiten',
  copy: 'Kopieren',
  copied: 'Kopiert',
  download: 'Herunterladen',

  signInTitle: 'Anmelden',
  signInLead: (domain) => `bei ${domain}`,
  address: 'Adresse',
  addressHint: (domain) => `Ihr Name oder name@${domain}`,
  password: 'Passwort',
  remember: 'Auf diesem Gerät angemeldet bleiben',
  rememberHint: 'Nicht auf gemeinsam genutzten Rechnern. Ihr Passwort selbst wird nie gespeichert.',
  companySignIn: 'Mit dem Firmenkonto anmelden',
  companyAt: (host) => `Es geht weiter bei ${host}, und von dort zurück hierher.`,
  orPassword: 'oder mit einem Passwort',
  signIn: 'Anmelden',
  signingIn: 'Anmeldung läuft …',
  problemAddress: 'Das ist keine vollständige Adresse. Schreiben Sie Ihren Namen oder name@domain.',
  problemBadCredentials: 'Adresse oder Passwort stimmt nicht.',
  problemPasswordNeeded: 'Bitte geben Sie Ihr Passwort noch einmal ein. Vielleicht wurde es geändert.',
  problemSignedOut: 'Dieses Gerät wurde von einem anderen aus abgemeldet.',
  problemAccountDisabled: 'Dieses Konto ist gesperrt. Bitte wenden Sie sich an Ihre Administration.',
  problemUntrusted:
    'Der Server konnte nicht beweisen, dass er Ihr Konto kennt; darum wurde nichts gesendet. Bitte sagen Sie Ihrer Administration Bescheid.',
  problemTryLater:
    'Der Server nimmt diese Anmeldung gerade nicht an. Bitte warten Sie kurz und versuchen Sie es noch einmal.',
  problemUnreachable: 'Der Server ist nicht erreichbar. Prüfen Sie Ihr Netz und versuchen Sie es noch einmal.',
  problemSignInEnded:
    'Ihre Anmeldung mit dem Firmenkonto ist abgelaufen. Bitte melden Sie sich noch einmal an; Entwürfe und Nachrichten, die noch nicht gesendet sind, bleiben erhalten.',
  problemTokenRefused:
    'Ihre Firmenanmeldung wurde hier nicht angenommen. Bitte melden Sie sich noch einmal an; wenn das nicht hilft, fragen Sie einen Administrator.',
  problemTokenNotOffered:
    'Dieser Server nimmt über diese Verbindung keine Firmenanmeldung an. Bitte melden Sie sich mit einem Passwort an, und sagen Sie es Ihrem Administrator.',
  problemCompany: (fault) =>
    ({
      away: 'Die Anmeldung Ihrer Firma ist nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.',
      cancelled: 'Sie haben die Anmeldung Ihrer Firma abgebrochen. Es wurde nichts geändert.',
      refused:
        'Die Anmeldung Ihrer Firma hat Sie nicht eingelassen. Bitte versuchen Sie es noch einmal; wenn das nicht hilft, fragen Sie einen Administrator.',
      'not-asked':
        'Was von der Anmeldung Ihrer Firma zurückkam, gehört nicht zu diesem Tab und wurde nicht verwendet. Bitte beginnen Sie hier noch einmal.',
    })[fault],
  problemSuspended: 'Der Dienst ist ausgesetzt.',

  conversations: 'Unterhaltungen',
  newConversation: 'Neue Unterhaltung',
  filterConversations: 'Personen und Unterhaltungen suchen',
  noConversationsTitle: 'Noch keine Unterhaltungen',
  noConversationsText: 'Beginnen Sie eine: Sie brauchen nur den Namen einer Kollegin oder eines Kollegen.',
  noMatches: (text) => `Niemand passt zu „${text}“.`,
  draft: 'Entwurf:',
  you: 'Sie:',
  image: 'Bild',
  unread: (count) => n(count, '1 ungelesene Nachricht', `${count} ungelesene Nachrichten`),
  requestTitle: 'möchte sehen, wann Sie erreichbar sind',
  accept: 'Annehmen',
  decline: 'Ablehnen',
  acceptFrom: (name) => `${name} annehmen`,
  declineFrom: (name) => `${name} ablehnen`,

  welcomeTitle: 'Wählen Sie eine Unterhaltung',
  welcomeText: 'Wählen Sie links jemanden aus, oder beginnen Sie eine neue Unterhaltung.',
  dialogNewTitle: 'Neue Unterhaltung',
  dialogNewAddress: 'Wem möchten Sie schreiben?',
  dialogNewHint: (domain) => `Ein Name bei ${domain} oder eine vollständige Adresse`,
  dialogNewStart: 'Beginnen',
  dialogNewPeople: 'Personen',
  dialogNewNobody: (text) => `Hier heißt niemand „${text}“. Eine vollständige Adresse geht trotzdem.`,
  addContact: 'Zu den Kontakten',
  contactPending: 'Antwort steht noch aus',

  messages: 'Nachrichten',
  messagesWith: (name) => `Nachrichten mit ${name}`,
  message: 'Nachricht',
  messageTo: (name) => `Nachricht an ${name}`,
  send: 'Senden',
  attach: 'Anhängen',
  dropHere: 'Dateien hier ablegen, um sie zu teilen',
  composerHint: 'Enter sendet, Umschalt+Enter beginnt eine neue Zeile',
  composerReadOnly: 'Das Senden ist ausgesetzt. Ihr Entwurf bleibt erhalten, bis es weitergeht.',
  composerHold: (count) =>
    count === 0
      ? 'Nachrichten werden zurückgehalten, bis der Dienst weiterläuft.'
      : n(
          count,
          'Nachrichten werden zurückgehalten, bis der Dienst weiterläuft. 1 wartet.',
          `Nachrichten werden zurückgehalten, bis der Dienst weiterläuft. ${count} warten.`,
        ),
  composerReview: (count) =>
    n(
      count,
      '1 Ihrer Nachrichten ist zurückgehalten und noch nicht zugestellt.',
      `${count} Ihrer Nachrichten sind zurückgehalten und noch nicht zugestellt.`,
    ),
  composerOffline: 'Sie sind offline. Was Sie senden, wartet hier und geht hinaus, sobald Sie wieder verbunden sind.',
  composerServerAway:
    'Der Server ist nicht erreichbar. Was Sie senden, wartet hier und geht hinaus, sobald er wieder da ist.',
  startOfHistory: (name) => `Hier beginnt Ihre Unterhaltung mit ${name}.`,
  loadingOlder: 'Ältere Nachrichten werden geladen …',
  loadOlderFailed: 'Ältere Nachrichten konnten nicht geladen werden.',
  newMessages: 'Neue Nachrichten',
  jumpToLatest: 'Zur neuesten Nachricht',
  jumpToNew: (count) => n(count, '1 neue Nachricht', `${count} neue Nachrichten`),
  today: 'Heute',
  yesterday: 'Gestern',
  announceNew: (count, name) => n(count, `Neue Nachricht von ${name}`, `${count} neue Nachrichten von ${name}`),
  author: (name) => `${name}`,
  ownAuthor: 'Sie',
  timelineHelp: 'Mit den Pfeiltasten bewegen Sie sich zwischen den Nachrichten.',

  stateQueued: 'Wartet auf das Senden',
  stateSent: 'Gesendet',
  stateRecorded: 'Vom Server gespeichert',
  stateDelivered: 'Zugestellt',
  stateHeld: 'Zurückgehalten: noch nicht zugestellt',
  stateStopped: 'Nicht gesendet: Das Senden ist ausgesetzt',
  stateFailed: 'Nicht gesendet',
  discard: 'Verwerfen',
  failedReason: (text) => `Nicht gesendet: ${text}`,
  reasonUnknownPerson: 'Diese Adresse hat niemand.',
  discardedByAdministrator: 'Nicht zugestellt: zurückgehalten und von einem Administrator verworfen.',
  reasonNotAllowed: 'Der Server erlaubt es nicht.',
  reasonBlocked: 'Diese Person nimmt Ihre Nachrichten nicht an.',
  reasonOther: 'Der Server hat sie abgelehnt.',
  tooLong:
    'Nicht gesendet: Das ist länger, als der Server in einer Nachricht annimmt. Senden Sie es in Teilen oder als Datei.',

  imageFrom: (name) => `Bild von ${name}`,
  stickerFrom: (name) => `Sticker von ${name}`,
  openImage: (what) => `Öffnen: ${what}`,
  imagePosition: (index, count) => `${index} von ${count}`,
  previousImage: 'Voriges Bild',
  nextImage: 'Nächstes Bild',
  actualSize: 'Originalgröße',
  fitToScreen: 'An Bildschirm anpassen',
  reEncoded: 'Neu kodiert.',
  reEncodedRemoved: (parts) => `Entfernt: ${parts}.`,
  reEncodedFlattened: 'Aus der Animation wurde ein stehendes Bild.',
  removedPart: (part) =>
    ({
      exif: 'Kameradaten samt etwaigem Standort',
      xmp: 'Bearbeitungsverlauf',
      iptc: 'Bildtexte und Stichwörter',
      c2pa: 'Herkunftsnachweis',
      gainMap: 'zusätzliche Helligkeit (HDR)',
      comment: 'Kommentare',
      trailingBytes: 'versteckte Daten hinter dem Bild',
    })[part],

  encryptedMessage: 'Verschlüsselte Nachricht',
  encryptedText: (scheme) =>
    scheme === '?'
      ? 'Diese Nachricht ist Ende-zu-Ende-verschlüsselt. Diese App kann sie nicht anzeigen; lesen Sie sie in der App, für die sie geschrieben wurde.'
      : `Diese Nachricht ist Ende-zu-Ende-verschlüsselt (${scheme}). Diese App kann sie nicht anzeigen; lesen Sie sie in einer, die es kann.`,
  conversationPolicy: 'Was der Server hier mit Nachrichten tut',
  policyChecked:
    'Der Server speichert und prüft, was hier gesendet wird. Bilder werden neu erzeugt, bevor jemand sie sieht, damit nichts ankommt, was in ihnen versteckt ist.',
  policyEncryption: 'Ende-zu-Ende-Verschlüsselung',
  policyLoading: 'Der Server wird gefragt …',
  policyFailed: 'Der Server hat nicht geantwortet. Versuchen Sie es gleich noch einmal.',
  policyOfEncryption: (policy) =>
    ({
      refuse: 'Wird hier abgelehnt: Der Server könnte den Inhalt nicht prüfen. Schreiben Sie ohne sie, wie diese App.',
      'text-only':
        'Verschlüsselter Text geht ungeprüft durch, verschlüsselte Dateien werden abgelehnt. Diese App verschlüsselt nicht und kann Verschlüsseltes nicht anzeigen.',
      allow:
        'Verschlüsselte Nachrichten und Dateien gehen ungeprüft durch. Diese App verschlüsselt nicht und kann Verschlüsseltes nicht anzeigen.',
    })[policy],

  linkPreviews: 'Zeigen, was hinter Links steht',
  linkPreviewsHint: 'Ihr Server sieht für Sie nach; die Website erfährt nicht, wer Sie sind.',
  uploading: (percent) => `Hochladen: ${percent} %`,
  checking: 'Wird geprüft …',
  inQueue: (ahead) =>
    n(
      ahead,
      'In der Warteschlange: 1 Datei wird vor Ihrer geprüft',
      `In der Warteschlange: ${ahead} Dateien werden vor Ihrer geprüft`,
    ),
  imageGone: (why) =>
    ({
      recalled: 'Von einem Administrator entfernt.',
      withheld: 'Bild zurückgehalten: Aktualisieren Sie Ihren Client.',
      suspended: 'Bilder sind zurzeit ausgesetzt.',
      expired: 'Der Link zu diesem Bild ist abgelaufen. Laden Sie die Seite neu, um einen neuen zu erhalten.',
      missing: 'Dieses Bild ist nicht mehr auf dem Server.',
      offline: 'Nicht geladen: Der Server war nicht zu erreichen.',
      unknown: 'Dieses Bild konnte nicht geladen werden.',
    })[why],
  imageGoneReason: (reason) => `Grund: ${reason}`,
  removeUpload: (name) => `${name} entfernen`,
  uploadProblem: (reason) =>
    ({
      unsupported: 'Diese Art Bild wird nicht angenommen. Versuchen Sie JPEG, PNG, WebP oder GIF.',
      corrupt:
        'Dieses Bild ist beschädigt. Öffnen Sie es in einem Bildprogramm, speichern Sie es neu und versuchen Sie das.',
      'too-large': 'Das ist zu groß. Versuchen Sie eine kleinere Fassung.',
      'too-many-frames': 'Diese Animation hat zu viele Bilder. Versuchen Sie eine kürzere oder ein stehendes Bild.',
      failed: 'Dieses Bild konnte nicht neu kodiert werden. Senden Sie stattdessen ein Bildschirmfoto davon.',
      unavailable:
        'Die Prüfung war gerade nicht möglich. Ihre Datei ist in Ordnung; versuchen Sie es gleich noch einmal.',
      suspended: 'Das Teilen ist gerade ausgesetzt. Versuchen Sie es, sobald es weitergeht.',
      network: 'Die Verbindung ging beim Hochladen verloren.',
      'not-allowed': 'Der Server nimmt diese Datei nicht an.',
      'quota-day':
        'Sie haben so viel hochgeladen, wie an einem Tag erlaubt ist. Versuchen Sie es später, oder senden Sie eine kleinere Datei.',
      'quota-stored': 'Ihre Dateien belegen allen Platz, den Sie haben. Bitten Sie Ihren Administrator um mehr.',
      'quota-unit':
        'Die Dateien Ihrer Einheit belegen allen Platz, den sie hat. Bitten Sie Ihren Administrator um mehr.',
      'quota-server':
        'Der Server hat keinen Platz für diese Datei. Fragen Sie Ihren Administrator, oder versuchen Sie es später.',
      'too-many': 'Zu viel in kurzer Zeit. Warten Sie eine Minute und versuchen Sie es dann erneut.',
    })[reason],
  uploadRetryAt: (moment) => `Platz gibt es wieder ab ${moment}.`,

  storage: 'Speicher',
  storageLoading: 'Wird nachgesehen …',
  storageFailed: 'Ihr Speicher konnte nicht abgefragt werden.',
  storageKind: (kind, name) =>
    ({ day: 'Hochgeladen in den letzten 24 Stunden', stored: 'Ihre Dateien', unit: `Dateien von ${name}` })[kind],
  storageUsed: (used, limit) => `${used} von ${limit}`,
  storageUnlimited: (used) => `${used}, ohne Grenze`,
  storageFull: (kind) =>
    ({
      day: 'Voll. Neue Dateien werden abgelehnt, bis die ältesten davon einen Tag alt sind.',
      stored: 'Voll. Neue Dateien werden abgelehnt. Bitten Sie Ihren Administrator um mehr Platz.',
      unit: 'Voll. Neue Dateien werden abgelehnt. Bitten Sie Ihren Administrator um mehr Platz.',
    })[kind],

  devices: 'Ihre Geräte',
  devicesLead: 'Alles, was an Ihrem Konto angemeldet ist oder sich anmelden kann, ohne Sie zu fragen.',
  devicesLoading: 'Wird nachgesehen …',
  devicesFailed: 'Ihre Geräte konnten nicht abgefragt werden.',
  devicesOnlyThis: 'Kein anderes Gerät ist angemeldet.',
  deviceUnknown: 'Unbekannte App',
  deviceThis: 'Dieses Gerät',
  deviceActive: 'Jetzt aktiv',
  deviceSeen: (relative, absolute) => `Zuletzt hier ${relative} (${absolute})`,
  deviceSignOut: (name) => `${name} abmelden`,
  deviceConfirm: (name) => `${name} abmelden? Die Verbindung endet sofort.`,
  deviceSignedOut: (name) => `${name} wurde abgemeldet.`,
  deviceKnowsPassword: (name) =>
    `${name} wurde abgemeldet. Es kennt Ihr Passwort und kann sich damit wieder anmelden. Wenn Sie dieses Gerät nicht kennen, lassen Sie Ihr Passwort ändern.`,
  deviceFailed: (name) => `${name} konnte nicht abgemeldet werden. Versuchen Sie es noch einmal.`,

  availability: (value) =>
    ({ online: 'Erreichbar', away: 'Abwesend', dnd: 'Bitte nicht stören', offline: 'Offline' })[value],
  yourStatus: 'Ihr Status',
  statusPlaceholder: 'Was machen Sie gerade?',
  saveStatus: 'Speichern',
  account: 'Konto',
  changePicture: 'Bild ändern',
  pictureRefused: 'Dieses Bild wurde nicht angenommen. Versuchen Sie JPEG oder PNG.',
  theme: 'Darstellung',
  themeSystem: 'System',
  themeLight: 'Hell',
  themeDark: 'Dunkel',
  language: 'Sprache',
  shortcuts: 'Tastenkürzel',
  signOut: 'Abmelden',
  signOutUnsent: (count) =>
    n(
      count,
      '1 Nachricht ist noch nicht gesendet. Beim Abmelden wird sie gelöscht.',
      `${count} Nachrichten sind noch nicht gesendet. Beim Abmelden werden sie gelöscht.`,
    ),
  version: (version, build) => `Version ${version} (${build})`,

  shortcutSearch: 'Personen und Unterhaltungen suchen',
  shortcutNextConversation: 'Nächste Unterhaltung',
  shortcutPreviousConversation: 'Vorige Unterhaltung',
  shortcutSend: 'Nachricht senden',
  shortcutNewLine: 'Neue Zeile',
  shortcutTimeline: 'Zwischen Nachrichten bewegen',
  shortcutActions: 'In die Aktionen einer Nachricht und zurück',
  shortcutHelp: 'Diese Liste',

  connecting: 'Verbindung wird aufgebaut …',
  waiting: (seconds) => `Sie sind offline. Nächster Versuch in ${seconds} s`,
  waitingForServer: (seconds) => `Der Server ist nicht erreichbar. Nächster Versuch in ${seconds} s`,
  tryNow: 'Jetzt versuchen',
  suspendedAnnounce: 'Eine Ankündigung der Administration',
  suspendedReadOnly: 'Das Senden ist ausgesetzt',
  suspendedHold: 'Nachrichten werden zurückgehalten',
  suspendedCut: 'Der Dienst ist ausgesetzt',
  moreSuspended: (count) => (count === 1 ? 'Eine weitere Aussetzung.' : `${count} weitere Aussetzungen.`),
  suspendedSeveral: 'Einige Funktionen sind ausgesetzt',
  suspendedScope: (kind: string) =>
    ({
      images: 'Das Teilen von Bildern ist ausgesetzt',
      files: 'Das Teilen von Dateien ist ausgesetzt',
      federation: 'Nachrichten an andere Organisationen sind ausgesetzt',
      rooms: 'Der Gruppenchat ist ausgesetzt',
      room: 'Ein Raum ist ausgesetzt',
      presence: 'Die Anwesenheit ist ausgesetzt',
      search: 'Die Suche ist ausgesetzt',
      registration: 'Neue Konten sind ausgesetzt',
      push: 'Push-Benachrichtigungen sind ausgesetzt',
      bots: 'Bots sind ausgesetzt',
      format: 'Das Teilen von Bildern eines Formats ist ausgesetzt',
    })[kind] ?? 'Etwas ist ausgesetzt',
  reason: 'Grund',
  noReason: 'Es wurde kein Grund genannt.',
  since: 'Seit',
  expectedEnd: 'Voraussichtliches Ende',
  noEnd: 'nicht angekündigt',
  whatWorks: 'Was noch geht',
  worksReadOnly: 'Sie können lesen und suchen. Entwürfe bleiben erhalten.',
  worksReject:
    'Nachrichten werden zurzeit nicht gezeigt und sind wieder da, sobald es vorbei ist. Entwürfe bleiben erhalten.',
  worksHold:
    'Sie können schreiben. Der Server hebt Ihre Nachrichten auf und stellt sie der Reihe nach zu, sobald der Dienst weiterläuft.',
  worksFeature: 'Alles andere geht wie gewohnt.',
  cutText: 'Sie werden automatisch wieder verbunden. Entwürfe und ungesendete Nachrichten bleiben erhalten.',
  helpOutside: 'Hilfe außerhalb dieses Dienstes',
  statusPage: 'Zustand des Dienstes',
  messagesHidden:
    'Nachrichten werden währenddessen nicht gezeigt. Sie sind wieder da, sobald es vorbei ist; nichts geht verloren.',
  previewHidden: 'Zurzeit nicht gezeigt',
  until: (absolute, relative) => `bis ${absolute} (${relative})`,

  updateTitle: 'Diese Version wird nicht mehr angenommen',
  updateText:
    'Ihre Administration verlangt eine neuere Version von Drawbridge. Entwürfe und ungesendete Nachrichten bleiben erhalten.',
  updateLooking: 'Die neue Version wird gesucht …',
  updateReloading: (version) => `Version ${version} ist bereit und wird geladen …`,
  updateReloadingIn: (version, seconds) =>
    n(
      seconds,
      `Version ${version} ist bereit und wird in 1 Sekunde geladen.`,
      `Version ${version} ist bereit und wird in ${seconds} Sekunden geladen.`,
    ),
  updateWaiting: 'Die neue Version ist noch nicht auf dem Server. Diese Seite sieht alle paar Sekunden nach.',
  updateNow: 'Jetzt laden',
  updateYours: 'Ihre Version',
  updateNeeded: 'Nötige Version',
  updateRule: 'Regel',
  updateDeadline: 'Frist',
  updateLink: 'Mehr über diese Aktualisierung',
  copyDetails: 'Einzelheiten kopieren',
}
