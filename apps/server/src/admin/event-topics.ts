import type { EventTopic } from '@drawbridge/contract'
import type { News } from '../policy/live.ts'

/** What an action on the audit log may have changed, by words in its name: whatever a new one is called, the log has grown. */
const TOPICS_BY_WORD: readonly (readonly [RegExp, readonly EventTopic[]])[] = [
  [/suspension|held|ending|approvers/u, ['suspensions', 'status']],
  [/rule|exception|posture|policy/u, ['rules']],
  [/playbook|policy-document/u, ['playbooks']],
  // What takes two people may wait, and be agreed to, with whatever it is about.
  [/suspension|held|ending|playbook|rule|exception|request|approv/u, ['approvals']],
  [/advisor|proposal|build|policy-document/u, ['advisories']],
  [/build|device|client-key/u, ['clients']],
  [/account|role|unit|invitation|password|factor|name|break-glass/u, ['accounts']],
]

/** Actions after which somebody who listens may have other rights than before, or none. */
const CHANGES_RIGHTS = /sign-out|session|account|role|unit|password|factor|token|break-glass|enroll/u

/** What news are about. */
export function topicsOf(news: Exclude<News, { kind: 'missed' }>): readonly EventTopic[] {
  switch (news.kind) {
    case 'committed':
      return ['policy', 'status']
    case 'applied':
      return ['nodes']
    case 'done':
      return ['audit', ...TOPICS_BY_WORD.flatMap(([word, topics]) => (word.test(news.action) ? topics : []))]
  }
}

/** Whether whoever listens has to be looked at again before they hear anything more. */
export function changesRights(news: News): boolean {
  return news.kind === 'missed' || (news.kind === 'done' && CHANGES_RIGHTS.test(news.action))
}
