import { findPublishOptions } from '@drawbridge/db'
import { buildPushPublish, NS_CLIENT, parseJid, xml } from '@drawbridge/xmpp'
import type { Context } from '../routing/feature.ts'
import type { PushTarget } from '../routing/push-targets.ts'
import { parseStored } from '../routing/parse-stored.ts'
import type { PushOutcome } from '../web-push/web-push.ts'

/**
 * XEP-0357 §7: publishes to the app server of a mobile client, which a component speaks for. It and whoever runs the
 * phone's push service can read what is published, so that is never more than a number, whatever devices of our own are
 * told (§9). An error disables the registration, unless it says itself that it may pass (§7.1).
 */
export async function tellAppServer(
  { db, components }: Context,
  owner: string,
  target: PushTarget,
  summary: Readonly<Record<string, string | number>>,
): Promise<PushOutcome> {
  const { service, node } = target
  const options = await findPublishOptions(db, target)
  const payload = buildPushPublish({
    node: node === '' ? undefined : node,
    summary,
    options: options === undefined ? undefined : parseStored(options),
  })
  const answer = await components.ask(parseJid(service).domainpart, owner, (id) =>
    xml('iq', { xmlns: NS_CLIENT, type: 'set', id, from: owner, to: service }, payload),
  )
  if (!answer) return { status: 'failed', reason: `${service} did not answer` }
  if (answer.attrs['type'] === 'result') return { status: 'sent' }
  const isPassing = answer.getChild('error')?.attrs['type'] === 'wait'
  return isPassing ? { status: 'failed', reason: `${service} refused for now` } : { status: 'gone' }
}
