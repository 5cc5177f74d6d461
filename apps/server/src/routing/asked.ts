import { BoundedSet } from '@drawbridge/runtime'
import type { Session } from '../stream/session.ts'
import { perSession } from './kept.ts'

// RFC 6120 §8.2.3: an answer belongs to a request. What somebody asked for is known, so that rules that keep words back
// can tell an answer from words that are dressed up as one.

/** Most questions that one session has open with others; the oldest are not waited for any longer. */
const MAX_OPEN = 1_000

const openOf = perSession(() => new BoundedSet<string>(MAX_OPEN))
const keyOf = (address: string, id: string) => `${id} ${address}`

/** A session asks another address. */
export function expectAnswer(asker: Session, asked: string, id: string): void {
  openOf(asker).add(keyOf(asked, id))
}

/** Whether a session waits for an answer from that address. */
export function isAwaited(asker: Session, asked: string, id: string): boolean {
  return openOf(asker).has(keyOf(asked, id))
}

/** An answer has come: each question has one. */
export function forgetQuestion(asker: Session, asked: string, id: string): void {
  openOf(asker).delete(keyOf(asked, id))
}
