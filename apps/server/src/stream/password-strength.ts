import { COMMON_PASSWORDS } from './common-passwords.ts'

const MIN_CHARACTERS = 8
/** Years, counts and exclamation marks: what is added to a word so that it looks like a password. */
const APPENDED = /[^\p{L}]+$/u

/** Whose password it is to be: what anybody knows of an account is no secret. */
export interface PasswordOwner {
  readonly localpart: string
  readonly domain: string
}

/**
 * Why a new password will not do, as a sentence for the person who chose it (threats §3.1); nothing when it will. It has
 * 8 characters and is neither a common one nor what the account is called, whatever is appended to that.
 */
export function findWeakness(prepared: string, { localpart, domain }: PasswordOwner): string | undefined {
  if ([...prepared].length < MIN_CHARACTERS) return 'A password has at least 8 characters.'
  const whole = prepared.toLowerCase()
  const forms = new Set([whole, whole.replace(APPENDED, '')])
  const among = (words: Iterable<string>) => [...words].some((word) => forms.has(word) || forms.has(bare(word)))
  if (forms.values().some((form) => COMMON_PASSWORDS.has(form))) return 'This password is one of the most common ones.'
  if (among([localpart, domain, domain.split('.')[0] ?? '', `${localpart}@${domain}`])) {
    return 'A password is not the name of the account or of the server.'
  }
  return undefined
}

/** Names end in digits too: `alice7` with `alice2024`. Of a name that is all digits nothing would be left. */
function bare(word: string): string {
  return word.replace(APPENDED, '') || word
}
