import type { Shape } from '../children/protocol.ts'

/** Raw pixels of one picture. */
export interface Picture {
  readonly pixels: Uint8Array
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: Shape['channels']
}

/** The same pixels with four bytes each: gray becomes a color, and what has no alpha is opaque. */
export function rgbaOf({ pixels, channels }: Picture): Uint8Array {
  if (channels === 4) return pixels
  const green = channels === 3 ? 1 : 0
  const blue = channels === 3 ? 2 : 0
  const rgba = new Uint8Array((pixels.length / channels) * 4)
  for (let from = 0, to = 0; to < rgba.length; from += channels, to += 4) {
    rgba[to] = pixels[from] ?? 0
    rgba[to + 1] = pixels[from + green] ?? 0
    rgba[to + 2] = pixels[from + blue] ?? 0
    rgba[to + 3] = channels === 2 ? (pixels[from + 1] ?? 0) : 255
  }
  return rgba
}

/**
 * A picture of at most `maxSidePx`, each of whose pixels is the average of those it stands for; with alpha. For small
 * pictures of which nobody sees the pixels: cheaper than to start libvips for it.
 */
export function averaged(picture: Picture, maxSidePx: number): Picture & { readonly channels: 4 } {
  const { widthPx, heightPx } = picture
  const scale = Math.min(1, maxSidePx / Math.max(widthPx, heightPx))
  const [toWidth, toHeight] = [widthPx, heightPx].map((side) => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ]
  const rgba = rgbaOf(picture)
  const pixels = new Uint8Array(toWidth * toHeight * 4)
  for (let y = 0; y < toHeight; y++) {
    const [top, bottom] = [Math.floor((y * heightPx) / toHeight), Math.floor(((y + 1) * heightPx) / toHeight)]
    for (let x = 0; x < toWidth; x++) {
      const [left, right] = [Math.floor((x * widthPx) / toWidth), Math.floor(((x + 1) * widthPx) / toWidth)]
      let red = 0
      let green = 0
      let blue = 0
      let alpha = 0
      for (let row = top; row < bottom; row++) {
        for (let at = (row * widthPx + left) * 4; at < (row * widthPx + right) * 4; at += 4) {
          const weight = rgba[at + 3] ?? 0
          red += weight * (rgba[at] ?? 0)
          green += weight * (rgba[at + 1] ?? 0)
          blue += weight * (rgba[at + 2] ?? 0)
          alpha += weight
        }
      }
      const to = (y * toWidth + x) * 4
      const weights = Math.max(alpha, 1)
      pixels[to] = Math.round(red / weights)
      pixels[to + 1] = Math.round(green / weights)
      pixels[to + 2] = Math.round(blue / weights)
      pixels[to + 3] = Math.round(alpha / ((bottom - top) * (right - left)))
    }
  }
  return { pixels, widthPx: toWidth, heightPx: toHeight, channels: 4 }
}
