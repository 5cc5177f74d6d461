import { xml, type Element } from '../element.ts'
import { NS_MODERATION, NS_MODERATION_0, NS_OCCUPANT_ID, NS_RETRACTION, NS_SID } from '../ns.ts'
import { formatDateTime } from './date-time.ts'

/** XEP-0424: the element that asks to forget an earlier message. */
export function buildRetract(id: string): Element {
  return xml('retract', { xmlns: NS_RETRACTION, id })
}

/**
 * XEP-0424 §4: what is left of a retracted message: who wrote it to whom under which id, and that it is gone. Of what it
 * said nothing is left.
 *
 * @param retraction - the message that retracted it; if a moderator's, it says whose and why (XEP-0425 §5).
 */
export function buildTombstone(
  original: Element,
  retraction: { readonly stanza: Element; readonly at: Date },
): Element {
  const retract = retraction.stanza.getChild('retract', NS_RETRACTION)
  const moderated = retract?.getChild('moderated', NS_MODERATION)
  const reason = moderated && retract?.getChildText('reason')
  const { xmlns, from, to, type, id } = original.attrs
  return xml(
    original.name,
    { xmlns, from, to, type, id },
    [original.getChild('origin-id', NS_SID), original.getChild('occupant-id', NS_OCCUPANT_ID)].map((kept) =>
      kept?.clone(),
    ),
    xml(
      'retracted',
      { xmlns: NS_RETRACTION, id: retraction.stanza.attrs['id'], stamp: formatDateTime(retraction.at) },
      moderated?.clone(),
      reason ? xml('reason', {}, reason) : undefined,
    ),
  )
}

/**
 * Removes the claim that something was moderated, wherever in a message it stands: only a room says so (XEP-0425 §4).
 * What is left asks in the sender's own name. Returns how many there were.
 */
export function stripModeration(message: Element): number {
  let count = 0
  for (const parent of [message, ...message.getChildElements()]) {
    for (const child of parent.getChildElements()) {
      if (child.getNS() !== NS_MODERATION && child.getNS() !== NS_MODERATION_0) continue
      parent.remove(child)
      count++
    }
  }
  return count
}
