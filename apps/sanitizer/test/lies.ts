/** What a child that an attacker has taken over may try. The width of the image tells it which lie is wanted. */
export const DECODER_LIES = [
  'a wrong size',
  'a huge size',
  'no pixels',
  'five channels',
  'more frames than the file',
  'endless delays',
  'an endless frame',
  'a head and a half',
  'the answer to another question',
  'a status that does not exist',
  'one byte too many',
  'one byte too few',
  'pixels before their mark',
  'the mark of another image',
  'a part and then death',
  'nothing, and stays silent',
  'nothing, and eats memory',
  'nothing, and closes',
] as const

export const ENCODER_LIES = [
  'a file with a comment',
  'a file with bytes behind its end',
  'a file of another format',
  'a file of another size',
  'a script',
  'an endless frame',
  'a thumbnail of another size',
  'a thumbnail with a comment',
  'a placeholder that is none',
  'a color that is none',
  'a file too many',
  'a file too few',
  'the answer to another question',
  'nothing, and closes',
] as const

/** Its image is as it should be; only the next one shows it. */
export const LATE_LIE = 'bytes behind its pixels'

export type DecoderLie = (typeof DECODER_LIES)[number] | typeof LATE_LIE
export type EncoderLie = (typeof ENCODER_LIES)[number]
export type Lie = DecoderLie | EncoderLie

export const LIES: readonly Lie[] = [...new Set<Lie>([...DECODER_LIES, LATE_LIE, ...ENCODER_LIES])]

/** Width of the image that asks for the first lie; each next one is a pixel wider. Wide enough for one thumbnail. */
export const FIRST_WIDTH = 140
export const HEIGHT = 30

/** The lie that an image of this width asks for, if any. */
export function lieFor(widthPx: number): string | undefined {
  return LIES[widthPx - FIRST_WIDTH]
}

/** What a child says first: nothing that anybody could find fault with. */
export const HELLO = Buffer.from(JSON.stringify({ sharp: '0', libvips: '0', accepted: {}, refused: {} }))
export const longer = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(1)])
export const closes = () => process.exit(0)
