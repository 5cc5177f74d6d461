import { STATUS_LANGUAGES } from '@drawbridge/contract'
import type { ErrorCode, PublicSuspension, StatusLanguage } from '@drawbridge/contract'
import type { VerdictDetails } from '@drawbridge/policy'
import { buildClientBlocked, NS_CLIENT, NS_DRAWBRIDGE_MEDIA, NS_DRAWBRIDGE_SUSPENSION, xml } from '@drawbridge/xmpp'
import type { Element, Jid, SuspensionNotice } from '@drawbridge/xmpp'

// How people and their clients are told that rules turn them away, or that the service changes what it does.

/** One text in every language that the server speaks. */
export type Translated = Readonly<Record<StatusLanguage, string>>

/** Titles of farewells. */
export const SUBJECTS: Partial<Record<ErrorCode, Translated>> = {
  suspended: { en: 'Service suspended', de: 'Dienst ausgesetzt' },
  'client-too-old': { en: 'Update required', de: 'Aktualisierung nötig' },
  'client-unknown': { en: 'Update required', de: 'Aktualisierung nötig' },
  'client-not-allowed': { en: 'Another app required', de: 'Anderes Programm nötig' },
}

/** What foreign clients show of a change of the service. */
export const STATE = {
  changed: { en: 'Service notice', de: 'Hinweis zum Dienst' },
  normal: { en: 'Service is back to normal', de: 'Der Dienst läuft wieder' },
  asUsual: { en: 'Everything works as usual again.', de: 'Alles funktioniert wieder wie gewohnt.' },
  /** @param count - undefined where that cannot be told now */
  waiting: (count: number | undefined): Translated =>
    count === undefined
      ? { en: 'The suspension is over.', de: 'Die Aussetzung ist vorbei.' }
      : count === 1
        ? {
            en: 'The suspension is over. 1 of your messages still waits until somebody has reviewed it.',
            de: 'Die Aussetzung ist vorbei. 1 Ihrer Nachrichten wartet noch, bis sie geprüft ist.',
          }
        : {
            en: `The suspension is over. ${count} of your messages still wait until somebody has reviewed them.`,
            de: `Die Aussetzung ist vorbei. ${count} Ihrer Nachrichten warten noch, bis sie geprüft sind.`,
          },
  update: { en: 'Please update', de: 'Bitte aktualisieren' },
  disconnected: { en: 'Disconnected', de: 'Getrennt' },
} as const

/** Codes that say something about the client. */
export const BLOCKED: ReadonlySet<ErrorCode> = new Set(['client-too-old', 'client-unknown', 'client-not-allowed'])

export function inEveryLanguage(say: (language: StatusLanguage) => string): Translated {
  return { en: say('en'), de: say('de') }
}

export interface Headline {
  readonly from: string
  readonly to: Jid
  readonly subject: Translated
  readonly body: Translated
  /** The same, for clients that understand it. */
  readonly details: readonly Element[]
}

/** A headline (RFC 6121 §5.2.2): shown at once, and kept by no archive. */
export function buildHeadline({ from, to, subject, body, details }: Headline): Element {
  return xml(
    'message',
    { xmlns: NS_CLIENT, type: 'headline', from, to: to.toString() },
    ...inLanguages('subject', subject),
    ...inLanguages('body', body),
    ...details,
  )
}

/** RFC 6121 §5.2.3: the default first, then each language by its name. */
function inLanguages(name: 'subject' | 'body', texts: Translated): Element[] {
  return STATUS_LANGUAGES.map((language) =>
    xml(name, language === 'en' ? {} : { 'xml:lang': language }, texts[language]),
  )
}

/** The block in a form that our own client shows as a page: which rule, which version is needed, and where to get it. */
export function blockedElements(code: ErrorCode, { rule, min, url, deadline }: VerdictDetails): Element[] {
  if (rule === undefined || !BLOCKED.has(code)) return []
  return [
    buildClientBlocked({
      rule,
      min,
      url,
      deadline: deadline === undefined ? undefined : new Date(deadline),
      canUseWeb: true,
    }),
  ]
}

/** For our own clients: when to come, from the end of the suspension on, or from now on if it is over (control §4.8). */
export function retry(ms: number | undefined): Element[] {
  return ms === undefined ? [] : [xml('retry', { xmlns: NS_DRAWBRIDGE_SUSPENSION, after: String(ms) })]
}

/** For our own client: what it keeps of files has to be asked for anew (control §4.4). */
export function purgeNotice(domain: string, jid: Jid): Element {
  const attributes = { xmlns: NS_CLIENT, type: 'headline', from: domain, to: jid.toString() }
  return xml('message', attributes, xml('purge', { xmlns: NS_DRAWBRIDGE_MEDIA }))
}

/** Suspensions as they are in stanzas. */
export function noticesFrom(suspensions: readonly PublicSuspension[]): SuspensionNotice[] {
  return suspensions.map(({ since, until, ...rest }) => ({
    ...rest,
    since: new Date(since),
    until: until === null ? undefined : new Date(until),
  }))
}
