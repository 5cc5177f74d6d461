// Names of clients are of any script; a name that looks like another one is a disguise (UTS #39).

/** Letters of other scripts that look like Latin ones, in lower case (UTS #39 §4, those that names are written with). */
const LATIN_LOOKALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: 'аαɑ',
    b: 'Ьь',
    c: 'сϲ',
    d: 'ԁ',
    e: 'еҽ',
    g: 'ɡց',
    h: 'һհ',
    i: 'іι',
    j: 'јϳ',
    k: 'кκ',
    l: 'ӏ',
    m: 'м',
    n: 'пոη',
    o: 'оοօσ',
    p: 'рρ',
    q: 'ԛգ',
    r: 'гᴦ',
    s: 'ѕ',
    t: 'тτ',
    u: 'υս',
    v: 'ѵν',
    w: 'ԝшω',
    x: 'хχ',
    y: 'уγ',
    z: 'ᴢ',
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
)

/** Scripts that are written together with Latin, and share no letters with it (UTS #39 §5.2, highly restrictive). */
const BESIDE_LATIN = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]$/u
const LATIN = /^\p{Script=Latin}$/u

/**
 * The Latin name that a slug looks like, where it is another: it mixes Latin letters with those of a script that looks like
 * it, or is made of nothing but such letters. Undefined for what is what it looks like.
 */
export function disguiseOf(slug: string): string | undefined {
  if (/^[ -~]*$/u.test(slug)) return undefined
  const letters = [...slug].filter((character) => /^\p{L}$/u.test(character))
  const foreign = letters.filter((letter) => !LATIN.test(letter) && !BESIDE_LATIN.test(letter))
  if (foreign.length === 0 && !letters.some((letter) => LATIN_LOOKALIKES.has(letter))) return undefined
  const isMixed = foreign.length > 0 && foreign.length < letters.length
  const looked = [...slug].map((character) => LATIN_LOOKALIKES.get(character) ?? character).join('')
  const isAllAlike = /^[\p{Script=Latin}\P{L}]*$/u.test(looked)
  return isMixed || isAllAlike ? looked : undefined
}
