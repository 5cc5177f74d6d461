import { PrecisFault } from './fault.ts'
import { codePoints } from './mappings.ts'
import { propertiesOf } from './properties.ts'

const BEGINS_RTL = ['R', 'AL', 'AN']
const INSIDE_RTL = ['R', 'AL', 'AN', 'EN', 'ES', 'CS', 'ET', 'ON', 'BN', 'NSM']
const ENDS_RTL = ['R', 'AL', 'EN', 'AN']
const INSIDE_LTR = ['L', 'EN', 'ES', 'CS', 'ET', 'ON', 'BN', 'NSM']

/** Whether a text holds characters that are written from right to left (RFC 5893 §1.4). */
export function hasRightToLeft(text: string): boolean {
  // Hebrew is the first script of that kind.
  return /[^\0-\u058f]/.test(text) && codePoints(text).some((c) => BEGINS_RTL.includes(propertiesOf(c).bidi))
}

/**
 * The Bidi Rule (RFC 5893 §2), for strings with right-to-left characters, and for every label of a domain that has one.
 * @throws PrecisFault
 */
export function assertBidi(text: string, isRequired: boolean = hasRightToLeft(text)): void {
  if (!isRequired) return
  const classes: string[] = codePoints(text).map((c) => propertiesOf(c).bidi)
  const last = classes.findLast((bidi) => bidi !== 'NSM') ?? ''
  const isRtl = classes[0] === 'R' || classes[0] === 'AL'
  if (!isRtl && classes[0] !== 'L') throw new PrecisFault('text of two directions must begin with a letter')
  if (!(isRtl ? ENDS_RTL : ['L', 'EN']).includes(last)) throw new PrecisFault('right-to-left text must end so')
  if (classes.some((bidi) => !(isRtl ? INSIDE_RTL : INSIDE_LTR).includes(bidi))) throw new PrecisFault('two directions')
  if (classes.includes('EN') && classes.includes('AN')) throw new PrecisFault('two kinds of digits')
}
