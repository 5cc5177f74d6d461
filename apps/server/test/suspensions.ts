import { createArchiveWriter, uuidv7 } from '@drawbridge/db'
import { expect } from 'vitest'
import type { Admin } from './admin.ts'

/** A suspension as the API shows it. */
export interface SuspensionView {
  readonly id: string
  readonly [key: string]: unknown
}

/** Starts one as the operator on this machine: a hold, where nothing else is said. */
export async function startSuspension({ local }: Admin, json: object): Promise<SuspensionView> {
  const { status, body } = await local('POST', '/api/v1/suspensions', {
    json: { mode: 'hold', reason: 'worm', ...json },
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return body['suspension'] as SuspensionView
}

/** One of those that have not ended. */
export async function viewSuspension({ local }: Admin, id: string): Promise<SuspensionView | undefined> {
  const { body } = await local('GET', '/api/v1/suspensions')
  return (body['suspensions'] as readonly SuspensionView[]).find((one) => one.id === id)
}

/** Messages of alice to bob that a suspension holds, a millisecond after each other. Returns their ids. */
export async function holdMessages(
  { url }: Admin,
  suspensionId: string,
  count: number,
  atMs: number,
): Promise<string[]> {
  await using writer = createArchiveWriter({ url })
  const ids = Array.from({ length: count }, () => uuidv7())
  for (const [n, id] of ids.entries()) {
    await writer.commit({
      id,
      shard: 'alice bob',
      stanza: `<message xmlns="jabber:client" from="alice@im.test/1" to="bob@im.test"><body>word ${n}</body></message>`,
      sentAt: new Date(atMs + n),
      archives: [{ owner: 'alice@im.test', peer: 'bob@im.test', direction: 'out' }],
      held: { suspensionId, recipients: [{ owner: 'bob@im.test', peer: 'alice@im.test', direction: 'in' }] },
    })
  }
  return ids
}
