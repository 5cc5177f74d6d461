import type { Media } from '../protocol/message.ts'

/** Largest box of an image in the timeline, in CSS pixels. */
const MAX_WIDTH_PX = 400
const MAX_HEIGHT_PX = 320
const FALLBACK = { widthPx: 320, heightPx: 240 }

/**
 * A picture is loaded only from our own server's upload path, whose files are all re-encoded, and only under a name of a
 * raster format that the server makes. Everything else stays a link.
 *
 * @param origin - of the page.
 */
export function isOwnUpload(url: string, origin: string): boolean {
  try {
    const parsed = new URL(url)
    return parsed.origin === origin && parsed.pathname.startsWith('/upload/') && parsed.username === ''
  } catch {
    return false
  }
}

export function isShownAsImage({ url, type }: Pick<Media, 'url' | 'type'>, origin: string = location.origin): boolean {
  if (!isOwnUpload(url, origin)) return false
  return /\.(jpe?g|png|webp|gif)$/i.test(new URL(url).pathname) && (type === undefined || type.startsWith('image/'))
}

/** The box to reserve before the image has loaded. Nothing moves when it does, whatever the sender claimed. */
export function imageBox({ widthPx, heightPx }: Pick<Media, 'widthPx' | 'heightPx'>): {
  widthPx: number
  heightPx: number
} {
  if (widthPx === undefined || heightPx === undefined) return FALLBACK
  const scale = Math.min(1, MAX_WIDTH_PX / widthPx, MAX_HEIGHT_PX / heightPx)
  return { widthPx: Math.max(48, Math.round(widthPx * scale)), heightPx: Math.max(48, Math.round(heightPx * scale)) }
}
