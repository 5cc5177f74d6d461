import { CODES, instantText, reasonIn, statusLanguageOf, suspensionsText } from '@drawbridge/contract'
import type { ErrorCode, RefusalDetails, StatusLanguage } from '@drawbridge/contract'
import type { SuspensionSetting } from '@drawbridge/policy'
import { publicSuspensions } from './enforce.ts'

/** What somebody reads, and in which language it is. */
export interface Said {
  readonly text: string
  readonly language: StatusLanguage
}

type Fact = RefusalDetails[string] | undefined

const WORDS = {
  en: {
    needs: (client: Fact, min: Fact) => `${client ?? 'This client'} needs version ${min} or later.`,
    get: 'Get it here',
    reason: 'Reason',
    end: 'Expected end',
    kept: 'Nothing is lost: what was accepted is kept, and signing in works again when it is over.',
  },
  de: {
    needs: (client: Fact, min: Fact) => `${client ?? 'Dieses Programm'} muss mindestens Version ${min} sein.`,
    get: 'Hier gibt es sie',
    reason: 'Grund',
    end: 'Voraussichtliches Ende',
    kept: 'Nichts geht verloren: Was angenommen wurde, bleibt erhalten, und die Anmeldung geht wieder, sobald es vorbei ist.',
  },
} as const

/**
 * The sentence of the error table with what is special about this case: minimum, link, reason, expected end.
 *
 * @param tag - language of whoever reads it, as their stream or stanza says (RFC 6120 §4.7.4)
 * @param suspensions - those in force: they know the reason in several languages
 */
export function refusalWords(
  code: ErrorCode,
  { min, family, url, reason, until, suspension }: RefusalDetails,
  tag: string | undefined,
  suspensions: readonly SuspensionSetting[] = [],
): Said {
  const language = statusLanguageOf(tag)
  const words = WORDS[language]
  const why =
    suspensions.find(({ id }) => id === suspension) ??
    (reason === undefined ? undefined : { reason: String(reason), reasons: {} })
  const parts = [
    CODES[code].text[language],
    min === undefined ? undefined : words.needs(family, min),
    url === undefined ? undefined : `${words.get}: ${url}`,
    why && `${words.reason}: ${reasonIn(why, language)}.`,
    until === undefined ? undefined : `${words.end}: ${instantText(String(until), language)}.`,
  ]
  return { text: parts.filter((part) => part !== undefined).join(' '), language }
}

/** What somebody whom a cut keeps out is told: it is no more than that, whatever they were doing. */
export function cutWords(
  details: RefusalDetails,
  tag: string | undefined,
  suspensions: readonly SuspensionSetting[],
): Said {
  const cut = suspensions.filter(({ id }) => id === details['suspension'])
  if (cut.length === 0) return refusalWords('suspended', details, tag)
  const language = statusLanguageOf(tag)
  const said = suspensionsText(publicSuspensions(cut, { about: cut[0]?.id }), language)
  return { text: `${said} ${WORDS[language].kept}`, language }
}
