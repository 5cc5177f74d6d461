import type { CleanFile } from '@drawbridge/contract'
import { Refusal } from '@drawbridge/contract'
import { BoundedMap } from '@drawbridge/runtime'
import type { FetchedPage } from '@drawbridge/runtime'
import { NS_BOB, NS_DRAWBRIDGE_PREVIEW, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import { ask } from '../policy/gate.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, IqRequest } from '../routing/feature.ts'
import { perServer } from '../routing/kept.ts'
import { chargeFetch } from '../routing/fetch-allowance.ts'

/** A preview is asked for while somebody looks at a message: later it is of no use. */
const TIMEOUT_MS = 15_000
/** For so long, whoever asks gets what the first one got. */
const KEPT_MS = 3_600_000
const MAX_KEPT = 500
/** Largest image in an answer, in bytes; in base64 it is a third more. */
const MAX_IMAGE_BYTES = 49_152

interface Preview {
  readonly page: FetchedPage
  readonly image: CleanFile | undefined
}

interface Kept {
  readonly until: number
  readonly preview: Promise<Preview | undefined>
}

/** What this server keeps, by the link. */
const previewsOf = perServer(() => new BoundedMap<string, Kept>(MAX_KEPT))

/**
 * What is behind a link, for a client that shows one (ADR 17). The page is fetched by a process of its own, and its image
 * is made anew from its pixels like that of any stranger. Only in force where the operator lets pages be fetched.
 */
export const linkPreviews = defineFeature({
  name: 'link-previews',
  implements: [],
  disco: [NS_DRAWBRIDGE_PREVIEW],
  iq: [{ type: 'get', to: 'server', xmlns: NS_DRAWBRIDGE_PREVIEW, name: 'preview', handle: givePreview }],
})

async function givePreview({ attrs }: Element, { session }: IqRequest, ctx: Context): Promise<Element> {
  const { url } = attrs
  const { account, client, remoteAddress: address } = session
  if (url === undefined || !/^https?:\/\//i.test(url)) {
    throw new StanzaFault({ condition: 'bad-request', text: 'The link to show is missing.' })
  }
  if (ctx.mediaPolicy(account).externalMedia !== 'proxy') throw new Refusal('previews-off')
  const verdict = ask(ctx.gate, 'media.read', { at: ctx.now().getTime(), account, client, isImage: true, address })
  if (verdict.action !== 'pass') throw new Refusal(verdict.action === 'refuse' ? verdict.code : 'suspended')
  const preview = await previewOf(url, account.id, ctx)
  if (!preview) throw new Refusal('no-preview')
  return build(url, preview)
}

function previewOf(url: string, accountId: string, ctx: Context): Promise<Preview | undefined> {
  const kept = previewsOf(ctx)
  const now = ctx.now().getTime()
  const known = kept.get(url)
  if (known && known.until > now) return known.preview
  // What is kept costs nothing.
  if (!chargeFetch(accountId, ctx)) throw new Refusal('rate-limited')
  const preview = fetchPreview(url, ctx)
  kept.set(url, { until: now + KEPT_MS, preview })
  // What failed on our side is tried anew; that there is nothing is an answer.
  preview.catch(() => kept.delete(url))
  return preview
}

async function fetchPreview(url: string, ctx: Context): Promise<Preview | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const page = await ctx.fetcher?.page(url, signal)
  if (!page) return undefined
  const image = page.image === undefined ? undefined : await cleanImage(page.image, ctx, signal)
  const isEmpty = page.title === undefined && page.description === undefined && image === undefined
  return isEmpty ? undefined : { page, image }
}

/** An image that cannot be had or cleaned leaves a preview without one. */
async function cleanImage(url: string, ctx: Context, signal: AbortSignal): Promise<CleanFile | undefined> {
  const bytes = await ctx.fetcher?.media(url, signal)
  if (!bytes) return undefined
  const verdict = await ctx.sanitize(bytes, 'image', { origin: 'fetched', signal })
  if (verdict.outcome !== 'clean') return undefined
  return [...verdict.thumbnails, verdict].find((file) => file.bytes.length <= MAX_IMAGE_BYTES)
}

/** Texts are text: no client has to take anything out of them. The image is inside (XEP-0231), so nobody else is asked. */
function build(url: string, { page, image }: Preview): Element {
  const { title, description, siteName } = page
  return xml(
    'preview',
    { xmlns: NS_DRAWBRIDGE_PREVIEW, url, final: page.url === url ? undefined : page.url },
    title === undefined ? undefined : xml('title', {}, title),
    description === undefined ? undefined : xml('description', {}, description),
    siteName === undefined ? undefined : xml('site-name', {}, siteName),
    image && buildImage(image),
  )
}

function buildImage({ bytes, format, widthPx, heightPx }: CleanFile): Element {
  const sha1 = createHash('sha1').update(bytes).digest('hex')
  return xml(
    'image',
    { width: widthPx, height: heightPx },
    xml(
      'data',
      { xmlns: NS_BOB, cid: `sha1+${sha1}@bob.xmpp.org`, type: `image/${format}`, 'max-age': KEPT_MS / 1_000 },
      Buffer.from(bytes).toString('base64'),
    ),
  )
}
