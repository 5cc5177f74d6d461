import type { Upload } from '@drawbridge/db'
import { keyOf, pathOf } from '../../blobs/link.ts'
import type { Link } from '../../blobs/link.ts'
import { reEncodingOf } from '../../blobs/re-encoding.ts'
import { thumbnailsOf } from '../../blobs/thumbnails.ts'
import type { Context } from '../../routing/feature.ts'
import type { KnownReader } from './reader.ts'

/** What the sender of a clean file is told about it, in JSON. Links are for this reader. */
export async function viewOf(upload: Upload, link: Link, reader: KnownReader, ctx: Context) {
  const { filename, cleanType: type, cleanBytes: bytes, widthPx, heightPx, placeholder, dominantColor } = upload
  const bound = (to: Link, url: string) => url + ctx.mediaLinks.queryFor(keyOf(to), reader, ctx.now())
  const file = { url: bound(link, ctx.mediaUrl() + pathOf(link, filename)), type, bytes }
  if (widthPx === null || heightPx === null) return file
  const thumbnails = (await thumbnailsOf(upload, ctx)).map((thumbnail) => ({
    url: bound(thumbnail.link, thumbnail.url),
    type: thumbnail.type,
    widthPx: thumbnail.widthPx,
    heightPx: thumbnail.heightPx,
    bytes: thumbnail.bytes,
  }))
  return { ...file, widthPx, heightPx, placeholder, dominantColor, thumbnails, reEncoding: reEncodingOf(upload) }
}
