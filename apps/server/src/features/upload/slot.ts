import { classesOfExtension, Refusal } from '@drawbridge/contract'
import type { FileClass } from '@drawbridge/contract'
import { insertUpload, lockQuotas, uuidv7 } from '@drawbridge/db'
import { refusedClass } from '@drawbridge/policy'
import { buildImageRejected, NS_DRAWBRIDGE_UPLOAD, NS_UPLOAD, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { claimsImage, displayName, extensionOf, isAcceptedImage, predictedName } from '../../blobs/filename.ts'
import { FILE_REJECTIONS } from '../../files/rejections.ts'
import { ask, refusalOf } from '../../policy/gate.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { assertRoom, quotaNames } from '../../blobs/quota.ts'
import { putTokenFor } from './token.ts'
import { hashOf, newLink, pathOf } from '../../blobs/link.ts'

/** XEP-0363 §4: gives a slot for one file, or says why not. */
export async function giveSlot(request: Element, session: Session, ctx: Context): Promise<Element> {
  const { filename, bytes, type } = parseRequest(request, ctx.limits.maxUploadBytes)
  const { account, client, remoteAddress: address } = session
  const isImage = claimsImage(filename, type)
  const verdict = ask(ctx.gate, 'upload.request', { at: ctx.now().getTime(), account, client, isImage, address })
  if (verdict.action !== 'pass') throw refusalOf(verdict)
  if (isImage && !isAcceptedImage(filename, type)) throw unsupported()
  const closed = refusedClass(ctx.mediaPolicy(account), classesOfExtension(extensionOf(filename)), 'upload')
  if (closed !== undefined) throw kindRefused(closed)
  if (ctx.mediaPolicy(account).originals === 'seal' && !ctx.blobs.evidence) throw new Refusal('evidence-key-missing')

  const name = isImage ? predictedName(filename, type) : filename
  const link = newLink(uuidv7())
  const row = {
    id: link.id,
    accountId: account.id,
    filename: name,
    declaredBytes: bytes,
    declaredType: type,
    tokenHash: hashOf(link.secret),
    createdAt: ctx.now(),
  }
  await ctx.db.transaction(async (tx) => {
    await lockQuotas(tx, quotaNames(account, ctx))
    await assertRoom(tx, account, bytes, ctx)
    await insertUpload(tx, row)
  })
  const url = ctx.mediaUrl() + pathOf(link, name)
  return xml(
    'slot',
    { xmlns: NS_UPLOAD },
    xml('put', { url }, xml('header', { name: 'Authorization' }, `Bearer ${putTokenFor(link, session, ctx)}`)),
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

/**
 * §5: what is refused by its name is refused before it is sent; what its content says is known after the PUT. XEP-0363 has
 * no element for the reason, so it is in ours.
 */
function kindRefused(reason: FileClass): StanzaFault {
  return new StanzaFault({
    condition: 'not-acceptable',
    text: FILE_REJECTIONS[reason].en,
    app: xml('file-refused', { xmlns: NS_DRAWBRIDGE_UPLOAD, reason }),
  })
}
