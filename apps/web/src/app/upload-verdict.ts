import { IMAGE_REJECT_REASONS } from '@drawbridge/contract/browser'
import type { MessageError } from '../protocol/message.ts'
import type { UploadProblem } from '../state/chat-state.ts'

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'] as const

/** The type as one of those the server makes; undefined for everything else. */
export function imageTypeOf(type: string | undefined): (typeof IMAGE_TYPES)[number] | undefined {
  return IMAGE_TYPES.find((known) => known === type)
}

export function isImageName(name: string): boolean {
  return /\.(jpe?g|png|webp|gif)$/i.test(name)
}

/** Problems that are no verdict on the file: it is the same file, later or elsewhere. */
const OTHER_PROBLEMS: Readonly<Record<string, UploadProblem['reason']>> = {
  suspended: 'suspended',
  'quota-exceeded': 'quota-server',
  'image-budget': 'too-many',
}

/** What an answer other than 201 to a PUT means for the sender (RFC 9457 body where the server sent one). */
export function problemFromResponse(status: number, body: string): UploadProblem {
  const problem = parseProblem(body)
  const reason = IMAGE_REJECT_REASONS.find((known) => known === problem.reason)
  if (reason) return { reason, text: problem.detail, isFinal: true }
  const name = /^\/problems\/([\w-]+)$/.exec(problem.type)?.[1] ?? ''
  const other = Object.hasOwn(OTHER_PROBLEMS, name) ? OTHER_PROBLEMS[name] : undefined
  if (other) return { reason: other, text: problem.detail, isFinal: false }
  if (status === 413) return { reason: 'too-large', text: problem.detail, isFinal: true }
  if (status === 415) return { reason: 'unsupported', text: problem.detail, isFinal: true }
  // An outage is never a verdict on the file.
  if (status === 0 || status === 429 || status >= 500)
    return { reason: 'unavailable', text: problem.detail, isFinal: false }
  return { reason: 'not-allowed', text: problem.detail, isFinal: status !== 404 && status !== 410 }
}

/** Why the server gave no slot. */
export function problemFromStanzaError(error: MessageError): UploadProblem {
  const { condition, type, text, imageReason, isTooLarge, quotas, retryAt } = error
  const reason = IMAGE_REJECT_REASONS.find((known) => known === imageReason)
  if (reason) return { reason, text, isFinal: true }
  if (isTooLarge) return { reason: 'too-large', text, isFinal: true }
  if (type === 'wait' && condition === 'policy-violation') return { reason: 'suspended', text, isFinal: false }
  if (condition !== 'resource-constraint') return { reason: 'not-allowed', text, isFinal: type !== 'wait' }
  const [quota] = quotas
  if (quota) return { reason: `quota-${quota.kind}`, text, isFinal: false }
  // Slots that wait are free again within minutes; the day's room is not.
  const isSoon = retryAt !== undefined && retryAt - Date.now() < SLOTS_MS
  return { reason: isSoon ? 'too-many' : 'quota-day', text, isFinal: false, retryAt }
}

/** Longest that an unused slot lasts, with some room for the difference between clocks. */
const SLOTS_MS = 600_000

function parseProblem(body: string): { reason: string; type: string; detail: string } {
  try {
    const value = JSON.parse(body) as Record<string, unknown> | null
    const text = (key: string) => (typeof value?.[key] === 'string' ? value[key] : '')
    return { reason: text('reason'), type: text('type'), detail: text('detail') }
  } catch {
    return { reason: '', type: '', detail: '' }
  }
}
