import { NS_DISCO_INFO, NS_DISCO_ITEMS, NS_DRAWBRIDGE_PREVIEW, NS_UPLOAD } from '@drawbridge/xmpp'
import { xml } from '../connection/connection.ts'
import type { Element } from '../connection/element.ts'
import { parseMediaOrigin, parseUploadLimit } from '../protocol/upload.ts'
import type { ChatContext } from './context.ts'

/** Finds out what our server offers (XEP-0030): where files go, and whether links have previews. */
export async function discoverServices({ store, connection, domain }: ChatContext): Promise<void> {
  const info = async (jid: string) =>
    (await connection.request('get', xml('query', { xmlns: NS_DISCO_INFO }), jid).catch(() => undefined))?.getChild(
      'query',
      NS_DISCO_INFO,
    )
  const own = await info(domain)
  store.update((state) => ({ ...state, hasPreviews: own !== undefined && offers(own, NS_DRAWBRIDGE_PREVIEW) }))
  if (own && offers(own, NS_UPLOAD)) return noteUploads(domain, own)
  const items = await connection.request('get', xml('query', { xmlns: NS_DISCO_ITEMS }), domain)
  for (const { attrs } of items.getChild('query', NS_DISCO_ITEMS)?.getChildren('item') ?? []) {
    const found = attrs['jid'] && (await info(attrs['jid']))
    if (found && offers(found, NS_UPLOAD)) return noteUploads(attrs['jid'] ?? '', found)
  }

  function noteUploads(jid: string, found: Element): void {
    const uploadService = { jid, maxBytes: parseUploadLimit(found), mediaOrigin: parseMediaOrigin(found) }
    store.update((state) => ({ ...state, uploadService }))
  }
}

function offers(info: Element, feature: string): boolean {
  return info.getChildren('feature').some(({ attrs }) => attrs['var'] === feature)
}
