import { findReadableImage, replaceImageText, replacePepItem } from '@drawbridge/db'
import type { StoredText } from '@drawbridge/db'
import { buildInfo } from '@drawbridge/image-filter'
import { base64From, findBase64, NS_AVATAR_DATA, NS_AVATAR_METADATA, xml } from '@drawbridge/xmpp'
import type { Context, ImageStore, RenewalRun } from '../../routing/feature.ts'
import { parseStored } from '../../routing/parse-stored.ts'
import { renewedImage, renewPayload, textStore } from '../../routing/renewed.ts'
import { announce } from './canonical.ts'
import { sha1Hex } from './clean.ts'

/**
 * Where avatars are: as photo, as data, and named by metadata (XEP-0054, XEP-0084, XEP-0398). The metadata comes last:
 * everybody is told of the new avatar when all of it is there.
 */
export const avatarStores: readonly ImageStore[] = [
  textStore('vcards', 'vcards', 'vcard', renewVcard),
  textStore('avatars', 'avatarData', 'pep_item', renewData),
  textStore('metadata of avatars', 'avatarMetadata', 'pep_item', renewMetadata),
]

async function renewVcard(row: StoredText, run: RenewalRun, ctx: Context): Promise<boolean> {
  const owner = ownerOf(row, ctx)
  if (!owner) return false
  const card = await renewPayload(row.text, owner.bareJid, run, ctx)
  const renewed = card.toString()
  const photo = findBase64(card.getChild('PHOTO')?.getChildText('BINVAL') ?? '')
  const photoSha1 = photo && photo.length > 0 ? sha1Hex(photo) : null
  return renewed !== row.text && replaceImageText(ctx.db, 'vcards', row, renewed, { photo_sha1: photoSha1 })
}

async function renewData(row: StoredText, run: RenewalRun, ctx: Context): Promise<boolean> {
  const owner = ownerOf(row, ctx)
  const bytes = findBase64(parseStored(row.text).getText())
  if (!owner || !bytes) return false
  const { bareJid } = owner
  const made = await renewedImage(bytes, { purpose: 'avatar', sender: bareJid, readers: [bareJid] }, run, ctx)
  if (Buffer.from(made.bytes).equals(bytes)) return false
  const payload = xml('data', { xmlns: NS_AVATAR_DATA }, base64From(made.bytes)).toString()
  const after = { itemId: sha1Hex(made.bytes), payload }
  return (await replacePepItem(ctx.db, owner.id, NS_AVATAR_DATA, itemOf(row), after)) !== 'absent'
}

async function renewMetadata(row: StoredText, _run: RenewalRun, ctx: Context): Promise<boolean> {
  const owner = ownerOf(row, ctx)
  if (!owner) return false
  const payload = parseStored(row.text)
  const infos = await Promise.all(
    payload.getChildren('info').map(async (info) => {
      const hash = { name: 'sha-1', hash: Buffer.from(info.attrs['id'] ?? '', 'hex') } as const
      const found = await findReadableImage(ctx.db, owner.bareJid, hash, 'avatar')
      if (!found) return info
      const { cleanType: type, cleanBytes: bytes, widthPx, heightPx } = found
      return buildInfo({ id: found.cleanSha1.toString('hex'), type, bytes, widthPx, heightPx })
    }),
  )
  const renewed = xml('metadata', { xmlns: NS_AVATAR_METADATA }, infos)
  const id = infos[0]?.attrs['id']
  if (id === undefined || renewed.toString() === row.text) return false
  const after = { itemId: id, payload: renewed.toString() }
  const node = await replacePepItem(ctx.db, owner.id, NS_AVATAR_METADATA, itemOf(row), after)
  if (node === 'absent') return false
  ctx.emit('pep.changed', { owner, change: { node, what: 'published', item: { id, payload: renewed } } })
  announce(owner, id, ctx)
  return true
}

const ownerOf = ({ key: [accountId = ''] }: StoredText, ctx: Context) => ctx.accounts.findById(accountId)

const itemOf = ({ key: [, , itemId = ''], text: payload }: StoredText) => ({ itemId, payload })
