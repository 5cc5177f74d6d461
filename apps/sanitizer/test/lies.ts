/** What a child that an attacker has taken over may try. The width of the image tells it which lie is wanted. */
export const DECODER_LIES = [
  'a wrong size',
  'a huge size',
  'no pixels',
  'five channels',
  'more frames than the file',
  'one byte too many',
  'one byte too few',
  'a longer frame than it said',
  'bytes behind its answer',
  'a part and then death',
  'endless delays',
  'an endless frame',
  'the answer to another question',
  'a status that does not exist',
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
  'an endless file',
  'nothing, and closes',
] as const

export type Lie = (typeof DECODER_LIES)[number] | (typeof ENCODER_LIES)[number]

export const LIES: readonly Lie[] = [...new Set([...DECODER_LIES, ...ENCODER_LIES])]

/** Width of the image that asks for the first lie; each next one is a pixel wider. */
export const FIRST_WIDTH = 40
export const HEIGHT = 30
