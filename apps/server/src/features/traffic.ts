import { listUploads } from '@drawbridge/db'
import { NS_JINGLE } from '@drawbridge/xmpp'
import type { IqStanza } from '@drawbridge/xmpp'
import { parsePath, UPLOAD_PATH } from '../blobs/link.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft } from '../routing/feature.ts'
import { roomSubject, subjectsOf } from '../routing/traffic-subjects.ts'
import type { TrafficSubject } from '../traffic.ts'

const EVENTS = { image: 'message with an image', file: 'message with a file' } as const
/** Links to files of ours. */
const LINKS = new RegExp(`${UPLOAD_PATH}[\\w-]{43}/[\\w.%-]+`, 'gu')
/** Most files of one message that are looked up: the image filter lets no more of them in. */
const MAX_FILES = 64

/**
 * Counts what was taken, once it is safe: by sender, the units it is in now, room, other domain and format (control §2,
 * row 4). Files are counted where they come and go.
 */
export const traffic = defineFeature({
  name: 'traffic',
  implements: [],
  message: { notify: countMessage },
  relayed: countCall,
})

function countMessage({ stanza, sender, origin, sentAt, sizeBytes, archives, facts }: Draft, ctx: Context): void {
  // Chat states and the like are no messages to anybody who counts them; what the server says is not traffic of anybody's.
  if (archives.length === 0 || origin === 'server') return
  const { from, to } = stanza
  const subjects = [...subjectsOf(sender?.account, ctx)]
  const room = roomSubject(from, ctx) ?? roomSubject(to, ctx)
  if (room) subjects.push(room)
  const peer = peerAmong([from.domainpart, to?.domainpart ?? ctx.domain], ctx)
  if (peer) subjects.push(peer)
  if (facts?.formats) for (const id of facts.formats) subjects.push({ kind: 'format', id })
  ctx.traffic.count(facts?.media ? EVENTS[facts.media] : 'message', sizeBytes, sentAt, subjects)
  if (room && facts?.media) void countShared(stanza.element.toString(), room, sentAt, ctx)
}

function peerAmong(domains: readonly string[], ctx: Context): TrafficSubject | undefined {
  const id = domains.find((domain) => domain !== ctx.domain && !ctx.findService(domain))
  return id === undefined ? undefined : { kind: 'peer', id }
}

/** Where a file goes is not known when it comes, but when a message shares it. */
async function countShared(text: string, room: TrafficSubject, at: Date, ctx: Context): Promise<void> {
  const links = [...new Set(text.match(LINKS))].slice(0, MAX_FILES)
  const ids = links.flatMap((link) => parsePath(link)?.link.id ?? [])
  try {
    for (const { cleanBytes, cleanType } of await listUploads(ctx.db, ids)) {
      const event = cleanType?.startsWith('image/') ? 'image upload' : 'upload'
      ctx.traffic.count(event, cleanBytes ?? 0, at, [room])
    }
  } catch (error) {
    ctx.log.warn('files that were shared in a room are not counted', { error: String(error) })
  }
}

/** XEP-0166 §6.5: both are about to talk. By whoever accepts, since nobody else can make that one count more. */
function countCall({ type, from, to, element }: IqStanza, ctx: Context): void {
  if (type !== 'set' || element.getChild('jingle', NS_JINGLE)?.attrs['action'] !== 'session-accept') return
  const peer = peerAmong([from.domainpart, to?.domainpart ?? ctx.domain], ctx)
  const subjects = subjectsOf(ctx.accounts.findByBareJid(from.bareString), ctx)
  ctx.traffic.count('call', 0, ctx.now(), peer ? [...subjects, peer] : subjects)
}
