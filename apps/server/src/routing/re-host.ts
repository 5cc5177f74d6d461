import {
  findFetchedImage,
  insertUpload,
  lockQuotas,
  publishUpload,
  putFetchedImage,
  putImageMapping,
  quarantineUpload,
  uuidv7,
} from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import type { CleanImage } from '@drawbridge/contract'
import type { Lookups } from '@drawbridge/image-filter'
import type { ClientIdentity } from '@drawbridge/policy'
import { StanzaFault } from '@drawbridge/xmpp'
import { cleanFiles } from '../blobs/clean-files.ts'
import { displayName, EXTENSIONS, withExtension } from '../blobs/filename.ts'
import { hashOf, pathOf } from '../blobs/link.ts'
import { assertRoom, quotaNames } from '../blobs/quota.ts'
import { ask } from '../policy/gate.ts'
import type { Account } from './accounts.ts'
import type { Context } from './feature.ts'
import { chargeFetch } from './fetch-allowance.ts'
import { chargedTo } from './image-payer.ts'
import { perServer } from './kept.ts'
import { refusalToPublish } from './publication.ts'
import { isUploadRecalled } from './recalled.ts'
import { sealImage } from './sealed.ts'

/** For so long the same link of the same account is the same file: what is sent again is then the same message. */
const KEPT_MS = 3_600_000
/** Images of stanzas that are fetched at a time on this node; they are in memory until they are clean. */
const MAX_RUNNING = 8
/** Largest picture of a profile, in bytes. */
const MAX_PICTURE_BYTES = 4 * 1024 * 1024

/** Who shares a link: an account of ours, with the client it does so with. */
export interface Sharer {
  readonly account: Account
  readonly client: ClientIdentity | undefined
}

const runningOn = perServer(() => ({ count: 0 }))

/**
 * What the image filter may have fetched for this sender (images §6, rows 3 and 11; ADR 20): nothing unless the operator
 * runs a fetcher and the media policy says `externalMedia: proxy`. What is behind a link becomes an upload of the sender:
 * made anew by the sanitizer's children for fetched images, within his quotas, under the rules for uploads, and found
 * by recalls. His bytes never touch the disk.
 */
export function fetchingFor(sharer: Sharer, ctx: Context): Pick<Lookups, 'reHost' | 'fetch'> {
  if (!ctx.fetcher || ctx.mediaPolicy(sharer.account).externalMedia !== 'proxy') return {}
  return {
    reHost: (url, deadline) => orNothing(reHost(url, sharer, deadline, ctx), ctx),
    fetch: (url, deadline) => orNothing(fetchMedia(url, sharer, MAX_PICTURE_BYTES, deadline, ctx), ctx),
  }
}

/** A message goes on without the picture of a link, whatever came of that. */
async function orNothing<T>(work: Promise<T | undefined>, { log }: Context): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    // No room is the sender's affair, who sees what became of the link.
    if (!(error instanceof StanzaFault))
      log.warn('an image that somebody linked to was not fetched', { error: String(error) })
    return undefined
  }
}

async function reHost(url: string, sharer: Sharer, deadline: AbortSignal, ctx: Context): Promise<string | undefined> {
  const { account } = sharer
  const known = await findFetchedImage(ctx.db, account.id, url, new Date(ctx.now().getTime() - KEPT_MS))
  if (known) return isUploadRecalled(known, ctx) ? undefined : linkTo(known, ctx)
  const maxBytes = ctx.mediaPolicy(account).maxFileBytes ?? ctx.limits.maxUploadBytes
  const bytes = await fetchMedia(url, sharer, maxBytes, deadline, ctx)
  if (!bytes) return undefined
  const how = { ...chargedTo(account.bareJid, ctx), origin: 'fetched', signal: deadline } as const
  const verdict = await ctx.sanitize(bytes, 'image', how)
  // A page is no picture of anybody's: nothing of it is passed on.
  if (verdict.outcome !== 'not-an-image') await sealImage(bytes, verdict, { account, filename: lastPart(url) }, ctx)
  if (verdict.outcome !== 'clean') return undefined
  const kept = await keep(url, { bytes, verdict }, account, ctx)
  return kept && linkTo(kept, ctx)
}

/** The bytes behind a link, for the sanitizer. Asked of the rules first: who may not upload has nothing fetched, either. */
async function fetchMedia(
  url: string,
  { account, client }: Sharer,
  maxBytes: number,
  deadline: AbortSignal,
  ctx: Context,
): Promise<Buffer | undefined> {
  const verdict = ask(ctx.gate, 'upload.request', { at: ctx.now().getTime(), account, client, isImage: true })
  if (verdict.action !== 'pass') return undefined
  const busy = runningOn(ctx)
  if (busy.count >= MAX_RUNNING || !chargeFetch(account.id, ctx)) return undefined
  busy.count += 1
  try {
    const bytes = await ctx.fetcher?.media(url, deadline)
    return bytes && bytes.length <= maxBytes ? bytes : undefined
  } finally {
    busy.count -= 1
  }
}

/** Makes the clean image an upload of the account, unless it must not be seen. @throws StanzaFault when there is no room for it */
async function keep(
  url: string,
  { bytes, verdict }: { readonly bytes: Buffer; readonly verdict: CleanImage },
  account: Account,
  ctx: Context,
): Promise<Pick<Upload, 'id' | 'filename'> | undefined> {
  const id = uuidv7()
  const createdAt = ctx.now()
  const filename = withExtension(lastPart(url), EXTENSIONS[verdict.format])
  const { file, derivatives } = await cleanFiles(ctx, verdict)
  if (refusalToPublish({ id, createdAt, ...file, raw: bytes, account }, ctx)) return undefined
  const { widthPx, heightPx } = verdict
  const mapped = { raw: bytes, clean: verdict.bytes, profile: 'image', type: file.cleanType, widthPx, heightPx }
  await ctx.db.transaction(async (tx) => {
    await lockQuotas(tx, quotaNames(account, ctx))
    await assertRoom(tx, account, file.cleanBytes, ctx)
    await insertUpload(tx, {
      id,
      accountId: account.id,
      filename,
      declaredBytes: bytes.length,
      declaredType: file.cleanType,
      // Made again where it is needed: the link has to be the same when the message comes again.
      tokenHash: hashOf(ctx.mediaLinks.linkTo(id).secret),
      createdAt,
    })
    await quarantineUpload(tx, id)
    await publishUpload(tx, id, file, derivatives)
    await putImageMapping(tx, mapped, [])
    await putFetchedImage(tx, { accountId: account.id, url, uploadId: id, fetchedAt: createdAt })
  })
  return { id, filename }
}

function linkTo({ id, filename }: Pick<Upload, 'id' | 'filename'>, ctx: Context): string {
  return ctx.mediaUrl() + pathOf(ctx.mediaLinks.linkTo(id), filename)
}

/** The last part of the path, as a name that can be shown. */
function lastPart(url: string): string {
  const last = URL.parse(url)?.pathname.split('/').at(-1) ?? ''
  try {
    return displayName(decodeURIComponent(last))
  } catch {
    return displayName(last)
  }
}
