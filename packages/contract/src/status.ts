import type { SuspensionMode, SuspensionScope } from '@drawbridge/policy'

/**
 * The public status document at /status.json, readable without sign-in: what a suspended client polls, and what any
 * client that knows XEP-0455 §3.2 reads in the fields from `outage` on.
 */
export interface StatusDocument extends OutageStatus {
  readonly state: 'ok' | 'suspended'
  readonly suspensions: readonly PublicSuspension[]
  /**
   * When whoever asks is to come back, in milliseconds from the end of the cut, or from now if it is over: drawn anew for
   * each, so that not all come at once. Absent: whenever they like.
   */
  readonly retryAfterMs?: number
}

/** XEP-0455 §3.2. Without an outage there is nothing but the word. */
export interface OutageStatus {
  readonly outage: boolean
  /** Announced before it began. */
  readonly planned?: boolean
  /** RFC 3339. */
  readonly beginning?: string
  readonly expected_end?: string
  readonly message?: { readonly default: string } & Readonly<Record<string, string>>
}

/** What everybody may know about a suspension. Instants are RFC 3339; `until` is null when no end is known. */
export interface PublicSuspension {
  readonly id: string
  readonly scopes: readonly SuspensionScope[]
  /** One that is planned is an announcement until it begins. */
  readonly mode: SuspensionMode
  readonly reason: string
  /** The same in other languages, by language tag. */
  readonly reasons: Readonly<Record<string, string>>
  readonly since: string
  readonly until: string | null
}

const WORDS = {
  en: {
    service: 'This service',
    announce: 'has a notice',
    hold: 'is on hold',
    'read-only': 'is read-only',
    reject: 'is suspended',
    cut: 'is suspended',
    reason: 'Reason',
    start: 'Begins',
    end: 'Expected end',
    and: 'and',
    scopes: {
      messages: 'Sending messages',
      images: 'Sharing images',
      files: 'Sharing files',
      rooms: 'Group chat',
      presence: 'Presence',
      search: 'Searching',
      federation: 'Writing to other organizations',
      registration: 'Making accounts',
      push: 'Push notification',
      bots: 'The use of bots',
      group: 'Your unit',
      room: 'This room',
      peer: 'Writing to another organization',
      client: 'Your client',
      zone: 'Your network',
      hash: 'A file',
      format: 'Sharing images of one format',
    },
  },
  de: {
    service: 'Dieser Dienst',
    announce: 'hat einen Hinweis',
    hold: 'ist angehalten',
    'read-only': 'kann nur gelesen werden',
    reject: 'ist ausgesetzt',
    cut: 'ist ausgesetzt',
    reason: 'Grund',
    start: 'Beginn',
    end: 'Voraussichtliches Ende',
    and: 'und',
    scopes: {
      messages: 'Das Senden von Nachrichten',
      images: 'Das Teilen von Bildern',
      files: 'Das Teilen von Dateien',
      rooms: 'Der Gruppenchat',
      presence: 'Die Anwesenheit',
      search: 'Die Suche',
      federation: 'Das Schreiben an andere Organisationen',
      registration: 'Das Anlegen von Konten',
      push: 'Die Benachrichtigung',
      bots: 'Der Einsatz von Bots',
      group: 'Ihre Einheit',
      room: 'Dieser Raum',
      peer: 'Das Schreiben an eine andere Organisation',
      client: 'Ihr Programm',
      zone: 'Ihr Netz',
      hash: 'Eine Datei',
      format: 'Das Teilen von Bildern eines Formats',
    },
  },
} as const

export type StatusLanguage = keyof typeof WORDS
export const STATUS_LANGUAGES = ['en', 'de'] as const satisfies readonly StatusLanguage[]

/** Why something is suspended, in a language; in the one it was written in where there is no other. */
export function reasonIn({ reason, reasons }: Pick<PublicSuspension, 'reason' | 'reasons'>, language: string): string {
  const [primary = ''] = language.split('-')
  return [language, primary].flatMap((tag) => (Object.hasOwn(reasons, tag) ? (reasons[tag] ?? []) : []))[0] ?? reason
}

/** A suspension as a sentence for people whose client knows nothing of suspensions. */
export function suspensionText(suspension: PublicSuspension, language: StatusLanguage, now = new Date()): string {
  const { scopes, mode, since, until } = suspension
  const words = WORDS[language]
  const what = scopes.includes('service') ? [words.service] : scopes.map((scope) => words.scopes[kindOf(scope)])
  const start = Date.parse(since) > now.getTime() ? ` ${words.start}: ${since}.` : ''
  const end = until === null ? '' : ` ${words.end}: ${until}.`
  const subject = [...new Set(what)].join(` ${words.and} `)
  // Whoever writes a reason may end it as a sentence.
  const reason = reasonIn(suspension, language).replace(/[.\s]+$/u, '')
  return `${subject} ${words[mode]}. ${words.reason}: ${reason}.${start}${end}`
}

function kindOf(scope: SuspensionScope): keyof (typeof WORDS)['en']['scopes'] {
  const [kind = ''] = scope.split(':', 1)
  return Object.hasOwn(WORDS.en.scopes, kind) ? (kind as keyof (typeof WORDS)['en']['scopes']) : 'messages'
}

/** The status document of what is suspended now. */
export function buildStatus(suspensions: readonly PublicSuspension[]): StatusDocument {
  const active = suspensions.filter(({ mode }) => mode !== 'announce')
  const state = active.length > 0 ? 'suspended' : 'ok'
  const [first] = active.length > 0 ? active : suspensions
  if (!first) return { state, suspensions, outage: false }
  return {
    state,
    suspensions,
    outage: active.length > 0,
    planned: active.length === 0,
    beginning: first.since,
    ...(first.until === null ? {} : { expected_end: first.until }),
    message: { default: suspensionText(first, 'en'), ...textsOf(first) },
  }
}

/** The sentence in the languages that we speak, and in no other: the rest would be half a sentence. */
function textsOf(suspension: PublicSuspension): Record<StatusLanguage, string> {
  return { en: suspensionText(suspension, 'en'), de: suspensionText(suspension, 'de') }
}
