/** Characters that end lines, move the cursor or turn the direction of writing for whoever reads a log. */
const TREACHEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** JSON in one line with nothing that a terminal or a text field would act on; parsed, it is what it was. */
export function plainJson(value: unknown): string {
  return escapeTreacherous(JSON.stringify(value))
}

/** Text with `\u000a` for a line feed, and so on. */
export function escapeTreacherous(text: string): string {
  return text.replace(TREACHEROUS, (found) =>
    Array.from({ length: found.length }, (_, n) => `\\u${found.charCodeAt(n).toString(16).padStart(4, '0')}`).join(''),
  )
}
