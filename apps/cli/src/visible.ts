/**
 * A text for a terminal. What commands it, or turns the direction of writing, is shown as its number: advisories, names and
 * reasons come from others.
 */
export function visible(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|\p{Bidi_Control}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `\\u{${code.toString(16)}}`
  })
}
