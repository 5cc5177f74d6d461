import { serveDecoder } from './decode.ts'
import { ACCEPTED_SAMPLES, FORBIDDEN_SAMPLES } from './samples.ts'

/**
 * The decoder child for AVIF, which reads nothing else. It runs as WebAssembly, whatever the sandbox of the others: the
 * library below it had more than ten holes in one year, and parses HEIC with the same code.
 */
const { avif, ...others } = FORBIDDEN_SAMPLES
await serveDecoder({
  loaders: ['VipsForeignLoadHeif'],
  accepted: { avif },
  refused: { ...others, ...ACCEPTED_SAMPLES },
})
