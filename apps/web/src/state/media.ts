import type { Media } from '../protocol/message.ts'

/** Largest box of an image in the timeline, in CSS pixels. */
const MAX_WIDTH_PX = 400
const MAX_HEIGHT_PX = 320
const FALLBACK = { widthPx: 320, heightPx: 240 }

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

/** Why a file that was there is not. */
export interface MediaGone {
  readonly why: 'recalled' | 'withheld' | 'suspended' | 'unknown'
  /** What the administrator says about it. */
  readonly reason: string
}

/**
 * Asks the server anew for a file, past everything that the browser has kept of it, and puts what it says in the
 * browser's cache. Undefined: it is there.
 */
export async function findMediaGone(url: string): Promise<MediaGone | undefined> {
  const unknown = { why: 'unknown', reason: '' } as const
  try {
    const response = await fetch(url, { cache: 'reload' })
    if (response.ok) {
      await response.arrayBuffer()
      return undefined
    }
    const { type, reason } = (await response.json()) as { readonly type?: unknown; readonly reason?: unknown }
    const known = { recalled: 'media-recalled', withheld: 'media-withheld', suspended: 'suspended' } as const
    const why = (Object.keys(known) as (keyof typeof known)[]).find((key) => type === `/problems/${known[key]}`)
    return { why: why ?? 'unknown', reason: typeof reason === 'string' ? reason : '' }
  } catch {
    return unknown
  }
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
