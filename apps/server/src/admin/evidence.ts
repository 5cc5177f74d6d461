import { Refusal } from '@drawbridge/contract'
import type { BodyOf } from '@drawbridge/contract'
import {
  appendAudit,
  approveRelease,
  findEvidence,
  isUuid,
  listEvidence,
  listEvidenceReleases,
  requestRelease,
  standingSince,
  useRelease,
} from '@drawbridge/db'
import type { Evidence, EvidenceRelease } from '@drawbridge/db'
import { readAll } from '../blobs/object-store.ts'
import { accountFrom } from '../routing/accounts.ts'
import { mayDo } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers, AdminRequest } from './api.ts'

type Ids = 'listEvidence' | 'requestEvidence' | 'approveEvidence' | 'exportEvidence' | 'renewFiles' | 'getFileRenewal'

/** How long a request waits for somebody to agree, and how long the bytes may be read after that. */
const RELEASE_TTL_MS = 86_400_000
/**
 * How much older than a request the rights and the password of whoever agrees to it must be: an administrator who makes
 * another one, or takes over an account, is still alone.
 */
const STANDING_MS = 86_400_000
/** Bytes of one answer. */
const PIECE_BYTES = 1_048_576

/**
 * Sealed files of senders: seen by nobody alone. One administrator asks with a reason, another one, who has been one for a
 * day before that, agrees, and then the bytes can be read on this machine for a day. Every step is in the audit log, with its names, before it has an effect.
 */
export function evidenceHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, domain, blobs, renewal, prove, now } = context
  const found = async (id: string): Promise<Evidence> => {
    const row = await findEvidence(db, id)
    if (!row || row.expiresAt <= now()) throw new Refusal('item-not-found')
    return row
  }
  /** Who does this: a person, never the socket. */
  const personOf = async (
    request: AdminRequest<'requestEvidence' | 'approveEvidence'>,
    as: BodyOf<'requestEvidence'>['as'],
  ): Promise<string> => {
    const actor = actorOf(request)
    if (actor.kind === 'account') {
      if (as) throw new Refusal('bad-request', { detail: 'You have signed in already.' })
      return actor.name
    }
    if (!as) throw new Refusal('bad-request', { detail: 'Say which administrator does this.' })
    const { account } = await prove(as, request.remoteAddress)
    const name = `${account.localpart}@${domain}`
    if (
      !mayDo(
        { kind: 'account', name, account: accountFrom(account, domain), proof: { kind: 'xmpp' } },
        'evidence.write',
      )
    ) {
      throw new Refusal('forbidden')
    }
    return name
  }
  const later = () => new Date(now().getTime() + RELEASE_TTL_MS)

  return {
    async listEvidence({ query: { cursor, limit = 100 } }) {
      if (cursor !== undefined && !isUuid(cursor)) throw new Refusal('bad-request')
      const rows = await listEvidence(db, limit + 1, cursor)
      const page = rows.slice(0, limit)
      const releases = await listEvidenceReleases(
        db,
        page.map(({ id }) => id),
      )
      const next = rows.length > limit ? page.at(-1)?.id : undefined
      return {
        evidence: page.map((row) => evidenceView(row, releases)),
        ...(next === undefined ? {} : { next }),
      }
    },
    async requestEvidence(request) {
      const { reason, as } = request.body
      const { id: evidenceId } = await found(request.params.id)
      const requestedBy = await personOf(request, as)
      const release = await db.transaction(async (tx) => {
        const made = await requestRelease(tx, {
          evidenceId,
          reason,
          requestedBy,
          requestedAt: now(),
          expiresAt: later(),
        })
        const detail = { reason, release: made.id }
        await appendAudit(tx, { actor: requestedBy, action: 'request-evidence', target: evidenceId, detail }, now())
        return made
      })
      return { release: releaseView(release) }
    },
    async approveEvidence(request) {
      const { id } = await found(request.params.id)
      const actor = await personOf(request, request.body.as)
      const release = await db.transaction(async (tx) => {
        const since = await standingSince(tx, actor.slice(0, actor.lastIndexOf('@')))
        if (!since) throw new Refusal('forbidden')
        const requestedAfter = new Date(since.getTime() + STANDING_MS)
        const approved = await approveRelease(tx, id, actor, now(), later(), requestedAfter)
        if (!approved) throw new Refusal('evidence-needs-another')
        const detail = { release: approved.id, requestedBy: approved.requestedBy }
        await appendAudit(tx, { actor, action: 'approve-evidence', target: id, detail }, now())
        return approved
      })
      return { release: releaseView(release) }
    },
    async exportEvidence(request) {
      const row = await found(request.params.id)
      const actor = actorOf(request)
      if (actor.kind !== 'local') throw new Refusal('forbidden')
      const { offset = 0 } = request.query
      await db.transaction(async (tx) => {
        const release = await useRelease(tx, row.id, now())
        if (!release) throw new Refusal('evidence-needs-another')
        if (offset > 0) return
        const detail = { release: release.id, requestedBy: release.requestedBy, approvedBy: release.approvedBy }
        await appendAudit(tx, { actor: actor.name, action: 'export-evidence', target: row.id, detail }, now())
      })
      const object = await blobs.evidence?.find(row.id)
      if (!object || (offset > 0 && offset >= object.bytes)) throw new Refusal('item-not-found')
      const end = Math.min(offset + PIECE_BYTES, object.bytes) - 1
      const piece = await readAll(object.read({ start: offset, end }))
      return { base64: piece.toString('base64'), bytes: object.bytes, sha256: row.rawSha256.toString('hex') }
    },
    async renewFiles(request) {
      if (!blobs.renew && !blobs.evidence) throw new Refusal('file-key-missing')
      if (!renewal.progress().isRunning) {
        await appendAudit(db, { actor: actorOf(request).name, action: 'renew-files', target: '' }, now())
      }
      return renewal.start()
    },
    getFileRenewal: async () => renewal.progress(),
  }
}

function evidenceView(row: Evidence, releases: readonly EvidenceRelease[]) {
  const { id, sender, filename, declaredType, rawSha256, rawBytes, outcome, reason, sealedAt, expiresAt } = row
  return {
    id,
    sender,
    filename,
    declaredType,
    sha256: rawSha256.toString('hex'),
    bytes: rawBytes,
    outcome,
    ...(reason === null ? {} : { reason }),
    sealedAt: sealedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    releases: releases.filter(({ evidenceId }) => evidenceId === id).map(releaseView),
  }
}

function releaseView({ id, reason, requestedBy, requestedAt, approvedBy, expiresAt, exportedAt }: EvidenceRelease) {
  return {
    id,
    reason,
    requestedBy,
    requestedAt: requestedAt.toISOString(),
    ...(approvedBy === null ? {} : { approvedBy }),
    expiresAt: expiresAt.toISOString(),
    ...(exportedAt === null ? {} : { exportedAt: exportedAt.toISOString() }),
  }
}
