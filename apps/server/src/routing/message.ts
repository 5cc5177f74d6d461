import { Refusal } from '@drawbridge/contract'
import { isClientIdKept, uuidv7 } from '@drawbridge/db'
import type { CommitOutcome } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { hasHint, isDurable, listReferences, removeHints, StanzaFault } from '@drawbridge/xmpp'
import type { MessageStanza } from '@drawbridge/xmpp'
import { hash } from 'node:crypto'
import type { Session } from '../stream/session.ts'
import { planDelivery } from './deliver.ts'
import { describe } from './description.ts'
import { countMessage, observeCommit } from './events.ts'
import { throwIfRefused } from './faults.ts'
import type { Context, Draft, Origin } from './feature.ts'
import type { ArchiveRow } from './draft.ts'
import { judge } from './judge.ts'
import { serviceAt } from './registry.ts'
import type { Routing } from './registry.ts'

/** How often a message is decided anew when the policy changes under it. */
const EPOCH_RETRIES = 5

// Made once, not for each message.
const COMMITTED = { outcome: 'committed' } as const
const DUPLICATE = { outcome: 'duplicate' } as const
const HELD = { outcome: 'held' } as const
const DISCARDED = { outcome: 'discarded' } as const
const TRANSIENT = { outcome: 'transient' } as const

/** XEP-0308 §5, XEP-0424 §6: "MUST only be processed when" author and author are the same (threats SP-09). */
const REFUSED_REFERENCE = {
  'not-the-author': new StanzaFault({ condition: 'forbidden', text: 'Only its author may change a message.' }),
  'is-retracted': new StanzaFault({ condition: 'item-not-found', text: 'The message was retracted.' }),
} as const

/**
 * A message on its way: verdict, stages, commit, stages. Rejects with what its sender is to hear.
 *
 * @param n - its number in the sender's stream (XEP-0198 §4)
 */
export async function routeMessage(
  routing: Routing,
  stanza: MessageStanza,
  sender: Session | undefined,
  n: number,
  origin: Origin = sender ? 'client' : 'server',
): Promise<void> {
  const { registry, ctx } = routing
  for (let attempt = 0; attempt < EPOCH_RETRIES; attempt++) {
    // While the rules change, everybody waits: else a message could overtake one that was decided just before.
    if (ctx.gate.isChanging) await ctx.gate.whenOpen()
    // The epoch is read before the verdict: a change in between makes the commit fail, and the message is decided anew.
    const { epoch, term } = ctx.gate
    const { facts, verdict } = judge(routing, stanza, sender, origin)
    if (verdict.action === 'discard') return countMessage(DISCARDED)
    throwIfRefused(verdict)
    const heldBy = verdict.action === 'hold' ? verdict.suspensionId : undefined
    const draft = newDraft(ctx, { stanza, sender, origin, facts, heldBy })
    if (!serviceAt(routing, stanza)) refuseUndeliverable(ctx, stanza)
    for (const stage of registry.beforeCommit) stage.run(draft, ctx)
    if (!draft.durable && (await isVersionOfKept(draft, ctx))) {
      // Decided anew, as what it is: part of the record.
      removeHints(stanza.element, 'no-store', 'no-permanent-store')
      continue
    }
    const outcome = await commit(routing, draft, epoch, n)
    if (outcome.status === 'stale-epoch') {
      await ctx.gate.reach(outcome.epoch)
      continue
    }
    if (outcome.status === 'duplicate') return countMessage(DUPLICATE)
    if (outcome.status === 'refused') throw REFUSED_REFERENCE[outcome.reason]
    countMessage(draft.archives.length === 0 ? TRANSIENT : draft.heldBy === undefined ? COMMITTED : HELD)
    // This process was paused past its lease, and the rules changed: what is stored stays stored, but is not sent late.
    const isLate = ctx.gate.term !== term && verdict.action === 'pass'
    if (isLate && judge(routing, stanza, sender, origin).verdict.action !== 'pass') return
    for (const stage of registry.afterCommit) {
      try {
        stage.run(draft, ctx)
      } catch (error) {
        ctx.log.error('a stage failed after the commit', { stage: stage.feature, error: String(error) })
      }
    }
    return
  }
  throw new Refusal('policy-stale')
}

/** What cannot go anywhere goes back at once, and leaves no trace (RFC 6121 §8.5). */
function refuseUndeliverable(ctx: Context, stanza: MessageStanza): void {
  const account = stanza.to && ctx.accounts.findByBareJid(stanza.to.bareString)
  if (stanza.to && stanza.to.domainpart !== ctx.domain) throw new StanzaFault({ condition: 'remote-server-not-found' })
  const plan = planDelivery(stanza, account?.isDisabled ? undefined : account, ctx.sessions)
  if (plan.to === 'sender') throw new StanzaFault({ condition: plan.condition })
}

function newDraft(ctx: Context, given: Pick<Draft, 'stanza' | 'sender' | 'origin' | 'facts' | 'heldBy'>): Draft {
  const { stanza } = given
  return {
    ...given,
    id: uuidv7(),
    sentAt: ctx.now(),
    durable: isDurable(stanza.element),
    sizeBytes: 0,
    isSubject: false,
    archives: [],
    outbox: [],
    deliveredTo: new Set(),
    positions: new Map(),
  }
}

/**
 * A correction of a message that was kept is kept, whatever its sender asks for: else archives would go on to say what it
 * says no more, and nobody would have looked whether it is its author who says so (threats SP-09). XEP-0334 §4: a hint is
 * a wish. What was not kept is corrected without a trace, too.
 */
async function isVersionOfKept({ stanza }: Draft, { db }: Context): Promise<boolean> {
  const { element } = stanza
  if (!hasHint(element, 'no-store') && !hasHint(element, 'no-permanent-store')) return false
  const correction = listReferences(element).find(({ kind }) => kind === 'correction')
  return correction !== undefined && isClientIdKept(db, conversationOf(stanza), correction.id)
}

/** The commit: the only wait on a message's way. A message without rows has nothing to wait for. */
async function commit(routing: Routing, draft: Draft, epoch: number, n: number): Promise<CommitOutcome> {
  const { ctx } = routing
  const { stanza, sender, facts } = draft
  if (draft.archives.length === 0) return { status: 'committed', id: draft.id, positions: draft.positions }
  const sent = draft.archives.filter(({ direction }) => direction === 'out')
  const received = draft.archives.filter(({ direction }) => direction === 'in')
  const stream = sender?.resumeId === undefined ? undefined : { id: sender.resumeId, n, prefixWith: sender.prefixWith }
  const startedAt = performance.now()
  const text = stanza.element.toString()
  draft.sizeBytes = text.length
  const outcome = await ctx.writer.commit({
    id: draft.id,
    shard: conversationOf(stanza),
    stanza: text,
    filterVersion: FILTER_VERSION,
    sentAt: draft.sentAt,
    policyEpoch: epoch,
    archives: draft.heldBy === undefined ? draft.archives : sent,
    ...(draft.heldBy === undefined
      ? {}
      : {
          held: {
            suspensionId: draft.heldBy,
            recipients: received,
            facts,
            parties: partiesOf(routing, draft, received),
          },
        }),
    ...(draft.isSubject ? { isSubject: true } : {}),
    ...(draft.outbox.length === 0 ? {} : { outbox: draft.outbox }),
    ...(stream === undefined ? {} : { stream }),
    ...describe(draft, ctx),
    ...dedupOf(draft),
  })
  observeCommit((performance.now() - startedAt) / 1_000)
  if (outcome.status === 'committed') draft.positions = outcome.positions
  if (outcome.status !== 'stale-epoch' && outcome.persistedH !== undefined) sender?.handledIsDurable(outcome.persistedH)
  return outcome
}

/** Whose a message is while it waits: names are given again, ids are not. */
function partiesOf(routing: Routing, { stanza, sender }: Draft, received: readonly ArchiveRow[]): string[] {
  const { accounts } = routing.ctx
  const recipients = received.map(({ owner }) => accounts.findByBareJid(owner)?.id)
  const room = stanza.to && serviceAt(routing, stanza)?.idOf?.(stanza.to, routing.ctx)
  return [...new Set([sender?.account.id, ...recipients, room].filter((id) => id !== undefined))]
}

/** Both directions of a conversation share one writer, so that its order is one order. */
function conversationOf({ from, to }: MessageStanza): string {
  return [from.bareString, to?.bareString ?? ''].sort().join(' ')
}

/** A client that sends again after a crash gives the same origin-id; other content under it is another message. */
function dedupOf({ stanza, sender }: Draft) {
  const originId = stanza.element.getChild('origin-id', 'urn:xmpp:sid:0')?.attrs['id']
  if (originId === undefined || !sender) return {}
  let payload = ''
  for (const child of stanza.element.children) {
    // A resumed client stamps what it repeats (XEP-0203).
    if (typeof child === 'string' || child.name !== 'delay') payload += child.toString()
  }
  const target = stanza.to?.bareString ?? ''
  // The account, not the nick that a room has put in its place: that may be somebody else's tomorrow.
  return { dedup: { sender: sender.account.bareJid, target, originId, hash: hash('sha256', payload, 'buffer') } }
}
