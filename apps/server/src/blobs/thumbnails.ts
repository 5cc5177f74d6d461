import { listDerivatives } from '@drawbridge/db'
import type { Derivative, Upload } from '@drawbridge/db'
import type { Context } from '../routing/feature.ts'
import { EXTENSIONS, withExtension } from './filename.ts'
import { pathOf } from './link.ts'
import type { Link } from './link.ts'

/** Types that our encoder makes, and so the only ones a browser may ever show, with the extension of each. */
export const OUR_TYPES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(EXTENSIONS).map(([format, extension]) => [`image/${format}`, extension]),
)

/** A thumbnail of an image (XEP-0264): a file of its own, with a link of its own. */
export interface Thumbnail extends Derivative {
  readonly link: Link
  /** Plain, for what is stored; on its way out it is bound to who gets it. */
  readonly url: string
}

/** Thumbnails of a clean upload, largest first. They end with it. */
export async function thumbnailsOf(
  upload: Upload,
  { db, mediaLinks, mediaUrl }: Pick<Context, 'db' | 'mediaLinks' | 'mediaUrl'>,
): Promise<Thumbnail[]> {
  return (await listDerivatives(db, upload.id)).map((derivative) => {
    const link = mediaLinks.linkTo(derivative.id)
    return { ...derivative, link, url: mediaUrl() + pathOf(link, thumbnailName(upload, derivative)) }
  })
}

/** The name of a thumbnail: that of the image, with the extension of what it is. */
export function thumbnailName({ filename }: Pick<Upload, 'filename'>, { type }: Pick<Derivative, 'type'>): string {
  return withExtension(filename, OUR_TYPES[type] ?? 'bin')
}
