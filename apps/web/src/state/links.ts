/** Finds links in plain text. The result is drawn as text and anchors; nothing is ever parsed as HTML. */

export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }

const MAX_LINKS = 100
// Linear: one character class up to the next space, trimmed afterwards.
const CANDIDATE = /(?:https?:\/\/|mailto:|www\.)[^\s<>"\p{C}]{2,2000}/giu

/** Splits `text` at links with schemes http, https and mailto. Joined together the parts are the text again. */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  let links = 0
  for (const match of text.matchAll(CANDIDATE)) {
    const before = text[match.index - 1]
    // `xhttp://…` or `a@www.…` is not where a link begins.
    if (before !== undefined && /[\p{L}\p{N}@]/u.test(before)) continue
    const candidate = trimEnd(match[0])
    const href = hrefFrom(candidate)
    if (href === undefined || ++links > MAX_LINKS) continue
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push({ kind: 'link', text: candidate, href })
    end = match.index + candidate.length
  }
  if (end < text.length || parts.length === 0) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

/** The first page that a text links to, elsewhere than at `origins`; undefined where there is none. */
export function firstPage(text: string, origins: readonly string[]): string | undefined {
  for (const part of splitLinks(text)) {
    if (part.kind === 'link' && /^https?:/.test(part.href) && !origins.includes(new URL(part.href).origin))
      return part.href
  }
  return undefined
}

/** The address to open, or undefined when it is none that is safe to open. */
export function hrefFrom(text: string): string | undefined {
  try {
    const url = new URL(/^www\./i.test(text) ? `https://${text}` : text)
    if (url.protocol === 'mailto:') return url.pathname.includes('@') ? url.href : undefined
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
    // A name before the host is shown nowhere and serves to deceive.
    if (url.username !== '' || url.password !== '' || url.hostname === '') return undefined
    return url.href
  } catch {
    return undefined
  }
}

const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

/**
 * Without punctuation that belongs to the sentence, and without a bracket that was opened outside. Linear: a message may
 * be nothing but brackets.
 */
function trimEnd(candidate: string): string {
  const counts = new Map<string, number>()
  for (const char of candidate) if (/[()[\]{}]/.test(char)) counts.set(char, (counts.get(char) ?? 0) + 1)
  const countOf = (char: string) => counts.get(char) ?? 0
  let end = candidate.length
  for (; end > 0; end--) {
    const last = candidate[end - 1] ?? ''
    const opening = OPENING[last]
    if (opening !== undefined && countOf(last) > countOf(opening)) counts.set(last, countOf(last) - 1)
    else if (!/[.,;:!?'*_~]/.test(last)) break
  }
  return candidate.slice(0, end)
}

/** Characters that reorder or hide text, shown as their code so that a name cannot lie (WC-03). */
export function showBidiControls(text: string): string {
  return text.replace(
    /[\u061C\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g,
    (char) => `‹${char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}›`,
  )
}
