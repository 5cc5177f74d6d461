import type { CleanFile, CleanImage } from '@drawbridge/contract'
import sharp from 'sharp'
import { verify, VerifyError, type Verified } from '../../src/verify/index.ts'

/** What no file of ours has, by the names of sharp. */
const METADATA = ['exif', 'icc', 'iptc', 'xmp', 'tifftagPhotoshop', 'comments', 'orientation', 'gainMap'] as const

/**
 * What is wrong with an output, as a client would meet it: its structure, every pixel of every frame, and what is in the
 * file besides. Nothing is asked of the sanitizer, whose own check this one does not trust. Empty: it may be delivered.
 *
 * @param payload - text that must be in none of the files.
 */
export async function faultsOf(image: CleanImage, payload?: string): Promise<string[]> {
  const files: readonly { readonly name: string; readonly file: CleanFile; readonly frames: number }[] = [
    { name: 'image', file: image, frames: image.frames },
    ...image.thumbnails.map((file) => ({ name: `thumbnail ${file.maxSidePx}`, file, frames: 1 })),
  ]
  const faults = await Promise.all(
    files.map(async ({ name, file, frames }) =>
      (await faultsOfFile(file, frames, payload)).map((fault) => `${name}: ${fault}`),
    ),
  )
  return faults.flat()
}

async function faultsOfFile(
  { bytes, format, widthPx, heightPx }: CleanFile,
  frames: number,
  payload: string | undefined,
): Promise<string[]> {
  const faults: string[] = []
  const expected = shape({ widthPx, heightPx, frames })
  try {
    const found = shape(verify(format, bytes))
    if (found !== expected) faults.push(`its structure says ${found} where ${expected} was announced`)
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error
    faults.push(error.message)
  }
  try {
    const decoder = sharp(bytes, { failOn: 'warning', animated: frames > 1 })
    const metadata = await decoder.metadata()
    if (metadata.format !== format) faults.push(`it is a ${metadata.format}, not a ${format}`)
    for (const name of METADATA) if (metadata[name] !== undefined) faults.push(`it has ${name}`)
    const { info } = await decoder.raw().toBuffer({ resolveWithObject: true })
    const decoded = shape({
      widthPx: info.width,
      heightPx: metadata.pageHeight ?? info.height,
      frames: metadata.pages ?? 1,
    })
    if (decoded !== expected) faults.push(`it decodes to ${decoded} where ${expected} was announced`)
  } catch (error) {
    faults.push(`it does not decode: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (payload !== undefined && Buffer.from(bytes).includes(payload)) faults.push('the payload is in it')
  return faults
}

function shape({ widthPx, heightPx, frames }: Verified): string {
  return `${widthPx} × ${heightPx}, ${frames} frames`
}
