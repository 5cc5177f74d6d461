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

/** What stands where a link to an image was that is withheld from a client (control §3.2, `degrade`). */
export const IMAGE_WITHHELD = {
  en: '[image withheld: update your client]',
  de: '[Bild zurückgehalten: Aktualisieren Sie Ihren Client]',
} as const satisfies Record<StatusLanguage, string>

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
    more: (count: number) => (count === 1 ? 'One more thing is suspended.' : `${count} more things are suspended.`),
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
    more: (count: number) => (count === 1 ? 'Eine weitere Aussetzung gilt.' : `${count} weitere Aussetzungen gelten.`),
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

/** The language of ours for somebody who reads this one; English for all others. */
export function statusLanguageOf(tag: string | undefined): StatusLanguage {
  const [primary = ''] = (tag ?? '').toLowerCase().split('-')
  return STATUS_LANGUAGES.find((language) => language === primary) ?? 'en'
}

/** As English is written where nobody is expected to read months before days. */
const LOCALES = { en: 'en-GB', de: 'de-DE' } as const satisfies Record<StatusLanguage, string>

/**
 * An instant as people write it. Where a reader's own zone is not known, this one's (`TZ`) is used, and is named.
 *
 * @param at - RFC 3339, or milliseconds since 1970
 */
export function instantText(at: string | number, language: StatusLanguage): string {
  const date = { day: 'numeric', month: 'long', year: 'numeric' } as const
  const time = { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const
  return new Intl.DateTimeFormat(LOCALES[language], { ...date, ...time }).format(new Date(at))
}

/** Whether it is about everything that somebody does: the service, their unit, their client or their network. */
export function isAboutEverything({ scopes }: Pick<PublicSuspension, 'scopes'>): boolean {
  return scopes.some((scope) => scope === 'service' || /^(?:group|client|zone):/u.test(scope))
}

const RANKS = { cut: 0, reject: 1, 'read-only': 2, hold: 3, announce: 4 } as const satisfies Record<
  SuspensionMode,
  number
>
const FEATURE_RANK = 4
const NOTICE_RANK = 8

/** The one that leaves least comes first: what is about everything, or all messages, before other features; notices last. */
export function strictestFirst<S extends Pick<PublicSuspension, 'scopes' | 'mode'>>(suspensions: readonly S[]): S[] {
  const rank = (one: S) =>
    one.mode === 'announce'
      ? NOTICE_RANK
      : RANKS[one.mode] + (isAboutEverything(one) || one.scopes.includes('messages') ? 0 : FEATURE_RANK)
  return suspensions.toSorted((a, b) => rank(a) - rank(b))
}

/** A suspension as a sentence for people whose client knows nothing of suspensions. */
export function suspensionText(suspension: PublicSuspension, language: StatusLanguage, now = new Date()): string {
  const { scopes, mode, since, until } = suspension
  const words = WORDS[language]
  const what = scopes.includes('service') ? [words.service] : scopes.map((scope) => words.scopes[kindOf(scope)])
  const start = Date.parse(since) > now.getTime() ? ` ${words.start}: ${instantText(since, language)}.` : ''
  const end = until === null ? '' : ` ${words.end}: ${instantText(until, language)}.`
  const subject = [...new Set(what)].join(` ${words.and} `)
  return `${subject} ${words[mode]}. ${words.reason}: ${ended(reasonIn(suspension, language))}${start}${end}`
}

/** Suspensions that are told one by one; more are counted. */
const MAX_TOLD = 8

/** All of them in sentences, a line for each, the strictest first. */
export function suspensionsText(suspensions: readonly PublicSuspension[], language: StatusLanguage): string {
  const lines = strictestFirst(suspensions).map((suspension) => suspensionText(suspension, language))
  const rest = lines.length - MAX_TOLD
  return [...lines.slice(0, MAX_TOLD), ...(rest > 0 ? [WORDS[language].more(rest)] : [])].join('\n')
}

/** With one full stop, whether its author has set one or not. */
function ended(sentence: string): string {
  return /[.!?…]$/u.test(sentence.trimEnd()) ? sentence.trimEnd() : `${sentence}.`
}

function kindOf(scope: SuspensionScope): keyof (typeof WORDS)['en']['scopes'] {
  const [kind = ''] = scope.split(':', 1)
  return Object.hasOwn(WORDS.en.scopes, kind) ? (kind as keyof (typeof WORDS)['en']['scopes']) : 'messages'
}

/**
 * The status document of what is suspended now. XEP-0455 knows one outage: the strictest, until nothing as wide as it is
 * left; its message names all of them.
 */
export function buildStatus(suspensions: readonly PublicSuspension[], now = new Date()): StatusDocument {
  const ordered = strictestFirst(suspensions)
  const acting = ordered.filter(({ mode }) => mode !== 'announce')
  const state = acting.length > 0 ? 'suspended' : 'ok'
  const [first] = ordered
  if (!first) return { state, suspensions, outage: false }
  const outage =
    acting.length === 0 ? [first] : acting.filter((one) => isAboutEverything(one) === isAboutEverything(first))
  const until = outage.some((one) => one.until === null) ? undefined : latest(outage.map((one) => one.until ?? ''))
  return {
    state,
    suspensions: ordered,
    outage: acting.length > 0,
    planned: acting.length === 0 && Date.parse(first.since) > now.getTime(),
    beginning: first.since,
    ...(until === undefined ? {} : { expected_end: until }),
    message: { default: suspensionsText(ordered, 'en'), ...textsOf(ordered) },
  }
}

function latest(instants: readonly string[]): string | undefined {
  return instants.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1)
}

/** The sentences in the languages that we speak, and in no other: the rest would be half a sentence. */
function textsOf(suspensions: readonly PublicSuspension[]): Record<StatusLanguage, string> {
  return { en: suspensionsText(suspensions, 'en'), de: suspensionsText(suspensions, 'de') }
}
