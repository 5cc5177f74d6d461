import { BOMB_IMAGES } from './catalog-bombs.ts'
import {
  ANIMATION_IMAGES,
  METADATA_IMAGES,
  POLYGLOT_IMAGES,
  STEGANOGRAPHY_IMAGES,
  WRONG_TYPE_IMAGES,
} from './catalog-content.ts'
import { HEAVY_IMAGES } from './catalog-heavy.ts'
import { PNG_IMAGES } from './catalog-png.ts'
import { STRUCTURE_IMAGES } from './catalog-structure.ts'
import type { HostileImage } from './hostile-image.ts'

export { pixelBombPng } from './catalog-bombs.ts'
export { cleanImage } from './clean.ts'
export { apng, loadedJpeg, loadedPng } from './catalog-content.ts'
export { longTransparencyPng, transparencyOverflowPng } from './catalog-png.ts'
export { fixture, type Fixture } from './fixtures.ts'
export { animatedGif, buildGif, type GifFrame, type GifOptions } from './gif.ts'
export type { HostileImage } from './hostile-image.ts'
export { SECRET } from './metadata.ts'
export { mutantOf, type Mutant } from './mutate.ts'
export { photoPixels } from './photo.ts'
export { buildPng, ordinaryPng, quadrants, type Pixel, type PngOptions } from './png.ts'

export { ssim } from './ssim.ts'

/** Every hostile or odd file that the sanitizer must survive, with what must become of it. */
export const HOSTILE_IMAGES: readonly HostileImage[] = [
  ...PNG_IMAGES,
  ...BOMB_IMAGES,
  ...HEAVY_IMAGES,
  ...STRUCTURE_IMAGES,
  ...POLYGLOT_IMAGES,
  ...METADATA_IMAGES,
  ...WRONG_TYPE_IMAGES,
  ...ANIMATION_IMAGES,
  ...STEGANOGRAPHY_IMAGES,
]
