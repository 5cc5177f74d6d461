import type { Session } from '../stream/session.ts'

// RFC 6120 §8.2.3: an answer belongs to a request. One that nobody has asked for would be a way to say something past
// all that looks at messages and requests, so it goes nowhere.

/** Most questions that one session has open with others; the oldest are not waited for any longer. */
const MAX_OPEN = 1_000

const open = new WeakMap<Session, Set<string>>()
const keyOf = (address: string, id: string) => `${id} ${address}`

/** A session asks another address. */
export function expectAnswer(asker: Session, asked: string, id: string): void {
  const questions = open.get(asker) ?? new Set()
  open.set(asker, questions)
  if (questions.size >= MAX_OPEN) for (const oldest of questions.values().take(1)) questions.delete(oldest)
  questions.add(keyOf(asked, id))
}

/** Whether that address was asked; each question is answered once. */
export function takeAnswer(asker: Session, asked: string, id: string): boolean {
  return open.get(asker)?.delete(keyOf(asked, id)) ?? false
}
