import type { Media, Thumbnail } from '../protocol/media.ts'

/** A box in CSS pixels. */
export interface Box {
  readonly widthPx: number
  readonly heightPx: number
}

/** Largest boxes in the timeline. */
const MAX_IMAGE: Box = { widthPx: 400, heightPx: 320 }
const MAX_STICKER: Box = { widthPx: 160, heightPx: 160 }
const UNKNOWN: Box = { widthPx: 320, heightPx: 240 }
/** Smaller is no target for a finger, and has no room for a word. */
const MIN_SIDE_PX = 48

/**
 * A picture is loaded only from our own server's upload path, whose files are all re-encoded, and only under a name of a
 * raster format that the server makes. Everything else stays a link.
 *
 * @param origins - of the page, and of files where the server names another one.
 */
export function isOwnUpload(url: string, origins: readonly string[]): boolean {
  try {
    const parsed = new URL(url)
    return origins.includes(parsed.origin) && parsed.pathname.startsWith('/upload/') && parsed.username === ''
  } catch {
    return false
  }
}

export function isShownAsImage({ url, type }: Pick<Media, 'url' | 'type'>, origins: readonly string[]): boolean {
  if (!isOwnUpload(url, origins)) return false
  return /\.(jpe?g|png|webp|gif)$/i.test(new URL(url).pathname) && (type === undefined || type.startsWith('image/'))
}

/** The thumbnails that may be loaded, largest first. */
export function ownThumbnails({ thumbnails = [] }: Media, origins: readonly string[]): readonly Thumbnail[] {
  return thumbnails
    .filter(({ url }) => isShownAsImage({ url, type: undefined }, origins))
    .toSorted((a, b) => b.widthPx - a.widthPx)
}

/** For `srcset`: the browser takes the smallest that fills the box on its screen. Empty where there is no choice. */
export function sourceSet({ url, widthPx }: Media, thumbnails: readonly Thumbnail[]): string {
  if (widthPx === undefined || thumbnails.length === 0) return ''
  return [...thumbnails, { url, widthPx }].map((source) => `${source.url} ${source.widthPx}w`).join(', ')
}

/** The box to reserve before the image has loaded. Nothing moves when it does, whatever the sender claimed. */
export function imageBox({ widthPx, heightPx, isSticker = false }: Partial<Media>): Box {
  if (widthPx === undefined || heightPx === undefined) return isSticker ? MAX_STICKER : UNKNOWN
  const most = isSticker ? MAX_STICKER : MAX_IMAGE
  const scale = Math.min(1, most.widthPx / widthPx, most.heightPx / heightPx)
  const sidePx = (px: number) => Math.max(MIN_SIDE_PX, Math.round(px * scale))
  return { widthPx: sidePx(widthPx), heightPx: sidePx(heightPx) }
}

/** Why a file that was there is not. */
export interface MediaGone {
  readonly why: 'recalled' | 'withheld' | 'suspended' | 'expired' | 'missing' | 'offline' | 'unknown'
  /** What the administrator says about it. */
  readonly reason: string
}

/** By the problem that the server names (RFC 9457). */
const GONE: Readonly<Record<string, MediaGone['why']>> = {
  '/problems/media-recalled': 'recalled',
  '/problems/media-withheld': 'withheld',
  '/problems/suspended': 'suspended',
  '/problems/link-expired': 'expired',
  '/problems/not-found': 'missing',
}

/** Whether trying again may help. */
export function isWorthRetrying({ why }: MediaGone): boolean {
  return why === 'offline' || why === 'unknown'
}

/**
 * Asks the server anew for an image, past everything that the browser has kept of it, and puts what it says in the
 * browser's cache: for all that is made of it, once the one that is shown is gone. Undefined: it is there.
 *
 * @param urls - the one that is shown first.
 */
export async function findMediaGone([shown = '', ...others]: readonly string[]): Promise<MediaGone | undefined> {
  const gone = await askAnew(shown)
  if (gone && !isWorthRetrying(gone)) await Promise.all(others.map(askAnew))
  return gone
}

async function askAnew(url: string): Promise<MediaGone | undefined> {
  let response: Response
  try {
    response = await fetch(url, { cache: 'reload' })
    if (response.ok) {
      await response.arrayBuffer()
      return undefined
    }
  } catch {
    return { why: 'offline', reason: '' }
  }
  const { type, reason } = (await response.json().catch(() => ({}))) as { type?: unknown; reason?: unknown }
  const why = typeof type === 'string' && Object.hasOwn(GONE, type) ? GONE[type] : undefined
  return { why: why ?? 'unknown', reason: typeof reason === 'string' ? reason : '' }
}
