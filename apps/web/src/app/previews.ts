/** What is behind links, as our server says it (docs/adr/0017). This client never asks the site itself. */
import { RequestError, xml } from '../connection/connection.ts'
import { buildPreviewRequest, parsePreview, type LinkPreview } from '../protocol/preview.ts'
import { isOnline, type ChatContext } from './context.ts'
import { decodeRaster } from './raster.ts'

/** Links whose previews are kept. */
const MAX_KEPT = 200

/** As it is shown. */
export interface ShownPreview extends Omit<LinkPreview, 'image'> {
  readonly bitmap: ImageBitmap | undefined
}

export interface Previews {
  /** Undefined where there is nothing to show; asked for once. */
  load(url: string): Promise<ShownPreview | undefined>
}

export function createPreviews({ store, connection, domain }: ChatContext): Previews {
  const kept = new Map<string, Promise<ShownPreview | undefined>>()

  async function ask(url: string): Promise<ShownPreview | undefined> {
    const found = parsePreview(await connection.request('get', buildPreviewRequest(xml, url), domain))
    if (!found) return undefined
    const { image, ...texts } = found
    return { ...texts, bitmap: image && (await decodeRaster(image).catch(() => undefined)) }
  }

  return {
    load(url) {
      const known = kept.get(url)
      if (known) return known
      if (!isOnline(store) || !store.get().hasPreviews) return Promise.resolve(undefined)
      const loading = ask(url).catch((error: unknown) => {
        // That there is nothing is an answer. That there was no answer, or too many questions, is none.
        const isAnswer = error instanceof RequestError && error.error.type !== 'wait'
        if (!isAnswer) kept.delete(url)
        // The policy for this account: no other link will have one either.
        if (isAnswer && error.error.condition === 'policy-violation') {
          store.update((state) => ({ ...state, hasPreviews: false }))
        }
        return undefined
      })
      kept.set(url, loading)
      if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value ?? '')
      return loading
    },
  }
}
