// The alphabets whose letters look alike: Latin a, Cyrillic а and Greek α, Latin h and Armenian հ, Latin W and Cherokee Ꮃ.
const ALPHABETS = [
  /\p{sc=Latin}/u,
  /\p{sc=Greek}/u,
  /\p{sc=Cyrillic}/u,
  /\p{sc=Armenian}/u,
  /\p{sc=Cherokee}/u,
  /\p{sc=Coptic}/u,
]

/**
 * Whether a word of a name is written in two alphabets that look alike: nobody writes so, but to be taken for somebody
 * else (threats SP-16). Two words may differ, as in “Олег (IT)”.
 */
export function mixesAlphabets(name: string): boolean {
  return (name.match(/[\p{L}\p{M}]+/gu) ?? []).some(
    (word) => ALPHABETS.filter((alphabet) => alphabet.test(word)).length > 1,
  )
}
