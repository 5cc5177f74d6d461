import { escapeAttribute } from '@drawbridge/xmpp'
import type { Element, Stanza } from '@drawbridge/xmpp'
import { UPLOAD_PATH } from '../blobs/link.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context } from '../routing/feature.ts'
import type { Session } from '../stream/session.ts'

/** A link to a file that was bound to somebody; the first group is the plain link's end. The host may be an old one of ours. */
const BOUND = /(\/upload\/[\w-]{43}\/[^/?\s]{1,400})\?s=[\w-]{60,}/g
/** What follows `UPLOAD_PATH` in a link as `pathOf` makes it. */
const FILE = /([\w-]{43})\/[\w.%-]{1,400}(?![\w.%-])/y
/** Links of one stanza that are looked at; further ones stay as they are. */
const MAX_LINKS = 100

/**
 * Links to files are bound to the session they are given to (control §3.4), so that each download can be held to the rules
 * for its client, also those made later. What is recorded and passed on holds plain links; every stanza that leaves gets
 * its links bound to the session it goes to; and what a client sends on of its own is made plain again before anything
 * else looks at it. A client gets a fresh link by asking the archive.
 */
export const mediaLinks = defineFeature({
  name: 'media-links',
  implements: [],
  enter: ({ element }: Stanza) => unbind(element),
  personalize: bind,
})

/** Not recursive, since depth is the sender's choice. */
function unbind(root: Element): undefined {
  const work = [root]
  for (let element = work.pop(); element; element = work.pop()) {
    const { attrs, children } = element
    for (const name in attrs) {
      const value = attrs[name]
      if (value?.includes('?s=')) attrs[name] = value.replaceAll(BOUND, '$1')
    }
    for (const [index, child] of children.entries()) {
      if (typeof child !== 'string') work.push(child)
      else if (child.includes('?s=')) children[index] = child.replaceAll(BOUND, '$1')
    }
  }
}

/** Binds every link to a file of ours in the text of a stanza. */
function bind(text: string, session: Session, ctx: Context): string {
  const prefix = escapeAttribute(ctx.mediaUrl()) + UPLOAD_PATH
  const now = ctx.now()
  const room = roomOf(text, ctx)
  let bound = ''
  let done = 0
  let at = text.indexOf(prefix)
  for (let count = 0; at !== -1 && count < MAX_LINKS; count++, at = text.indexOf(prefix, at + prefix.length)) {
    FILE.lastIndex = at + prefix.length
    const match = FILE.exec(text)
    if (!match || isOther(text, at)) continue
    // A full stop or a question mark behind it belongs to the sentence.
    const end = FILE.lastIndex - (/\.+$/.exec(match[0])?.[0].length ?? 0)
    if (/^[?#][\w%]/.test(text.slice(end, end + 2))) continue
    bound += text.slice(done, end) + ctx.mediaLinks.queryFor(match[1] ?? '', session, now, room)
    done = end
  }
  return bound + text.slice(done)
}

/** The room that a message comes from: what it shares is read there. */
function roomOf(text: string, { findService }: Context): string | undefined {
  const [, jid] = /^<message\b[^>]*? from="([^"/]+@[^"/]+)/.exec(text) ?? []
  return jid !== undefined && findService(jid.slice(jid.lastIndexOf('@') + 1))?.isMember ? jid : undefined
}

/** Whether the link is where a file is put, or part of a longer one, whose host it would be told to. */
function isOther(text: string, at: number): boolean {
  if (text.endsWith('<put url="', at)) return true
  const word = text
    .slice(Math.max(0, at - 2_000), at)
    .split(/[\s<>"]/)
    .at(-1)
  return word?.includes('://') === true
}
