import { familySlug } from '@drawbridge/policy'
import { z } from 'zod'

const identifier = z
  .string()
  .regex(/^(?:pkg:|cpe:|name:)\S{1,500}$/u, 'is no identifier, write it like pkg:npm/name or cpe:vendor:product')

/** Under which names a client family, or a component of clients, is known to the world. */
export const productMapSchema = z.strictObject({
  clients: z
    .record(
      z.string().refine((family) => familySlug(family) === family, 'is not a client family'),
      z.strictObject({
        identifiers: z.array(identifier).max(64).readonly().default([]),
        /** Components that it is known to contain, where no bill of materials says in which version. */
        contains: z.array(z.string().max(64)).max(64).readonly().default([]),
      }),
    )
    .default({}),
  components: z
    .record(
      z.string().min(1).max(64),
      z.strictObject({
        identifiers: z.array(identifier).max(64).readonly().default([]),
        /** Image formats that it decodes. */
        formats: z.array(z.string().max(16)).max(16).readonly().default([]),
      }),
    )
    .default({}),
})

export type ProductMap = z.output<typeof productMapSchema>

/** What is known without anybody saying so. An installation's own map is laid over it, key by key. */
export const DEFAULT_PRODUCTS: ProductMap = {
  clients: {
    'drawbridge-web': { identifiers: ['pkg:npm/@drawbridge/web'], contains: [] },
    'converse.js': { identifiers: ['pkg:npm/converse.js', 'cpe:conversejs:converse.js'], contains: [] },
    'go-sendxmpp': {
      identifiers: ['pkg:golang/salsa.debian.org/mdosch/go-sendxmpp', 'pkg:deb/debian/go-sendxmpp'],
      contains: [],
    },
    conversations: {
      identifiers: ['cpe:conversations:conversations', 'pkg:github/inputmice/conversations'],
      contains: ['libwebp'],
    },
    dino: {
      identifiers: ['cpe:dino:dino', 'pkg:deb/debian/dino-im', 'pkg:github/dino/dino'],
      contains: ['libwebp', 'libpng', 'libjpeg-turbo'],
    },
    gajim: {
      identifiers: ['cpe:gajim:gajim', 'pkg:pypi/gajim', 'pkg:deb/debian/gajim'],
      contains: ['pillow', 'libwebp', 'libpng', 'libjpeg-turbo'],
    },
    mcabber: { identifiers: ['cpe:mcabber:mcabber', 'pkg:deb/debian/mcabber'], contains: [] },
    monal: { identifiers: ['cpe:monal:monal', 'pkg:github/monal-im/monal'], contains: [] },
    pidgin: {
      identifiers: ['cpe:pidgin:pidgin', 'pkg:deb/debian/pidgin'],
      contains: ['libpng', 'libjpeg-turbo', 'giflib'],
    },
    profanity: { identifiers: ['cpe:profanity-im:profanity', 'pkg:deb/debian/profanity'], contains: [] },
    psi: { identifiers: ['cpe:psi-im:psi', 'pkg:deb/debian/psi'], contains: ['libpng', 'libjpeg-turbo', 'libwebp'] },
    'psi-plus': {
      identifiers: ['cpe:psi-plus:psi-plus', 'pkg:deb/debian/psi-plus'],
      contains: ['libpng', 'libjpeg-turbo', 'libwebp'],
    },
    slixmpp: {
      identifiers: ['pkg:pypi/slixmpp', 'cpe:slixmpp_project:slixmpp', 'pkg:deb/debian/slixmpp'],
      contains: [],
    },
    swift: { identifiers: ['cpe:swift:swift', 'pkg:deb/debian/swift-im'], contains: [] },
  },
  components: {
    libwebp: {
      identifiers: [
        'cpe:webmproject:libwebp',
        'pkg:generic/libwebp',
        'pkg:github/webmproject/libwebp',
        'pkg:deb/debian/libwebp',
        'name:google/libwebp',
        'name:webmproject/libwebp',
      ],
      formats: ['webp'],
    },
    libpng: { identifiers: ['cpe:libpng:libpng', 'pkg:generic/libpng', 'pkg:deb/debian/libpng1.6'], formats: ['png'] },
    'libjpeg-turbo': {
      identifiers: ['cpe:libjpeg-turbo:libjpeg-turbo', 'pkg:generic/libjpeg-turbo', 'pkg:deb/debian/libjpeg-turbo'],
      formats: ['jpeg'],
    },
    giflib: {
      identifiers: ['cpe:giflib_project:giflib', 'pkg:generic/giflib', 'pkg:deb/debian/giflib'],
      formats: ['gif'],
    },
    libavif: {
      identifiers: ['cpe:aomedia:libavif', 'pkg:generic/libavif', 'pkg:deb/debian/libavif'],
      formats: ['avif'],
    },
    dav1d: { identifiers: ['cpe:videolan:dav1d', 'pkg:generic/dav1d', 'pkg:deb/debian/dav1d'], formats: ['avif'] },
    pillow: { identifiers: ['pkg:pypi/pillow', 'cpe:python:pillow'], formats: [] },
    electron: { identifiers: ['pkg:npm/electron', 'cpe:electronjs:electron'], formats: [] },
    chromium: { identifiers: ['cpe:google:chrome', 'name:google/chrome', 'pkg:deb/debian/chromium'], formats: [] },
  },
}

/** The built-in map with an installation's own entries over it. */
export function withOwn(own: ProductMap): ProductMap {
  return {
    clients: { ...DEFAULT_PRODUCTS.clients, ...own.clients },
    components: { ...DEFAULT_PRODUCTS.components, ...own.components },
  }
}
