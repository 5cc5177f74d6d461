import { serveDecoder } from './decode.ts'
import { ACCEPTED_SAMPLES, FORBIDDEN_SAMPLES } from './samples.ts'

/**
 * The decoder child: the only process that ever holds a sender's bytes together with code that understands them. It
 * answers with the shape of the raw pixels, or with one word, and gives the pixels to its encoder. It never encodes.
 */
await serveDecoder({
  loaders: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp', 'VipsForeignLoadNsgif'],
  accepted: ACCEPTED_SAMPLES,
  refused: FORBIDDEN_SAMPLES,
})
