import { renameStickerPack, replacePepItem } from '@drawbridge/db'
import type { StoredText } from '@drawbridge/db'
import { NS_STICKERS, packId } from '@drawbridge/image-filter'
import type { Context, ImageStore, RenewalRun } from '../../routing/feature.ts'
import { renewPayload, textStore } from '../../routing/renewed.ts'

/** Packs of stickers (XEP-0449): what they say of their files, and the id that follows from that. */
export const packStore: ImageStore = textStore('packs of stickers', 'packs', 'pep_item', renewPack)

async function renewPack(row: StoredText, run: RenewalRun, ctx: Context): Promise<boolean> {
  const [accountId = '', , itemId = ''] = row.key
  const owner = ctx.accounts.findById(accountId)
  if (!owner) return false
  const payload = await renewPayload(row.text, owner.bareJid, run, ctx)
  const id = packId(payload)
  if (id === undefined || payload.toString() === row.text) return false
  const node = await ctx.db.transaction(async (tx) => {
    const before = { itemId, payload: row.text }
    const done = await replacePepItem(tx, owner.id, NS_STICKERS, before, { itemId: id, payload: payload.toString() })
    if (done !== 'absent') await renameStickerPack(tx, owner.id, itemId, id)
    return done
  })
  if (node === 'absent') return false
  ctx.emit('pep.changed', { owner, change: { node, what: 'published', item: { id, payload } } })
  if (id !== itemId) ctx.emit('pep.changed', { owner, change: { node, what: 'retracted', itemId, isSilent: false } })
  return true
}
