/** The type of a raster image that our encoder makes, by how it begins; undefined for everything else. */
export function rasterType(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 12))
  if (head.startsWith('\x89PNG\r\n')) return 'image/png'
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (head.startsWith('GIF8')) return 'image/gif'
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'image/webp'
  return undefined
}

/** Pixels to be drawn to a canvas: no page ever loads an image from bytes. Undefined for what is no raster image. */
export async function decodeRaster(bytes: Uint8Array<ArrayBuffer>): Promise<ImageBitmap | undefined> {
  const type = rasterType(bytes)
  return type === undefined ? undefined : createImageBitmap(new Blob([bytes], { type }))
}
