import { Refusal } from '@drawbridge/contract'
import { insertUpload, sumUploadBytes, uuidv7 } from '@drawbridge/db'
import { buildImageRejected, formatDateTime, NS_UPLOAD, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import { claimsImage, displayName, isAcceptedImage, predictedName } from '../../blobs/filename.ts'
import { ask } from '../../policy/gate.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { deskOf } from './desk.ts'
import { hashOf, newLink, pathOf } from '../../blobs/link.ts'

/** How long a slot waits for its file. */
export const SLOT_TTL_MS = 5 * 60_000
/** Slots of one account that may wait at once. */
const OPEN_SLOTS_MAX = 20
const DAY_MS = 86_400_000
/** An account may upload so many of the largest files a day. */
const LARGEST_FILES_PER_DAY = 200

/** XEP-0363 §4: gives a slot for one file, or says why not. */
export async function giveSlot(request: Element, session: Session, ctx: Context): Promise<Element> {
  const { filename, bytes, type } = parseRequest(request, ctx.limits.maxUploadBytes)
  const { account, client } = session
  const isImage = claimsImage(filename, type)
  const verdict = ask(ctx.gate, 'upload.request', { at: ctx.now().getTime(), account, client, isImage })
  if (verdict.action !== 'pass') throw refusalOf(verdict)
  if (isImage && !isAcceptedImage(filename, type)) throw unsupported()
  await assertRoom(ctx, account.id, session.jid.bareString, bytes)

  const name = isImage ? predictedName(filename, type) : filename
  const link = newLink(uuidv7())
  const token = randomBytes(32).toString('base64url')
  await insertUpload(ctx.db, {
    id: link.id,
    accountId: account.id,
    filename: name,
    declaredBytes: bytes,
    declaredType: type,
    tokenHash: hashOf(link.secret),
  })
  const expiresAt = ctx.now().getTime() + SLOT_TTL_MS
  deskOf(ctx).slots.set(link.id, { tokenHash: hashOf(token), session, expiresAt, isUsed: false })
  const url = ctx.publicUrl() + pathOf(link, name)
  return xml(
    'slot',
    { xmlns: NS_UPLOAD },
    xml('put', { url }, xml('header', { name: 'Authorization' }, `Bearer ${token}`)),
    xml('get', { url }),
  )
}

interface SlotRequest {
  readonly filename: string
  readonly bytes: number
  readonly type: string
}

function parseRequest({ attrs }: Element, maxBytes: number): SlotRequest {
  const { filename, size } = attrs
  const type = attrs['content-type'] ?? ''
  if (filename === undefined || filename === '' || size === undefined || !/^\d{1,16}$/.test(size)) {
    throw new StanzaFault({ condition: 'bad-request', text: 'A slot needs a file name and a size in bytes.' })
  }
  const bytes = Number(size)
  if (bytes === 0) throw new StanzaFault({ condition: 'not-acceptable', text: 'The file is empty.' })
  if (bytes > maxBytes) {
    const limit = xml('max-file-size', {}, maxBytes)
    throw new StanzaFault({
      condition: 'not-acceptable',
      text: `The file is too large. At most ${maxBytes} bytes are accepted.`,
      app: xml('file-too-large', { xmlns: NS_UPLOAD }, limit),
    })
  }
  const known = /^[a-z0-9!#$&^_.+-]{1,60}\/[a-z0-9!#$&^_.+*-]{1,60}$/i.test(type)
  return { filename: displayName(filename), bytes, type: known ? type.toLowerCase() : 'application/octet-stream' }
}

function unsupported(): StanzaFault {
  return new StanzaFault({
    condition: 'not-acceptable',
    text: 'Images of this kind are not accepted. Please send it as JPEG, PNG, WebP or GIF.',
    app: buildImageRejected('unsupported'),
  })
}

/** Bounds what one account can make us keep, and how many slots it can collect. */
async function assertRoom(ctx: Context, accountId: string, bareJid: string, bytes: number): Promise<void> {
  const now = ctx.now().getTime()
  const open = [...deskOf(ctx).slots.values()].filter(
    ({ session, isUsed, expiresAt }) => session.jid.bareString === bareJid && !isUsed && expiresAt > now,
  )
  if (open.length >= OPEN_SLOTS_MAX) {
    const next = Math.min(...open.map(({ expiresAt }) => expiresAt))
    throw tooMuch('Too many uploads are waiting. Please finish them first.', new Date(next))
  }
  const used = await sumUploadBytes(ctx.db, accountId, new Date(now - DAY_MS))
  if (used + bytes > LARGEST_FILES_PER_DAY * ctx.limits.maxUploadBytes) {
    throw tooMuch('You have uploaded as much as a day allows. Please try again later.', new Date(now + DAY_MS / 24))
  }
}

function tooMuch(text: string, retryAt: Date): StanzaFault {
  const app = xml('retry', { xmlns: NS_UPLOAD, stamp: formatDateTime(retryAt) })
  return new StanzaFault({ condition: 'resource-constraint', type: 'wait', text, app })
}

/** What the rules said, as something the edges can tell. Uploads are never held: what must wait is refused. */
export function refusalOf(verdict: Exclude<ReturnType<typeof ask>, { readonly action: 'pass' }>): Refusal {
  if (verdict.action !== 'refuse') return new Refusal('suspended')
  return new Refusal(verdict.code, { details: verdict.details, cause: verdict.reason })
}
