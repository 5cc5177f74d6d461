/**
 * What the two-person rule tells apart: what is done to a suspension, and what else starts, narrows or goes around one or a
 * lock-out. `settle`: many of the messages that it held; `spare`: clients from client rules; `unguard`: a rule of its
 * guardrails; `paper`: a token that cuts the service off, or ends that, made or used.
 */
export type GuardedAction = 'start' | 'extend' | 'end' | 'exempt' | 'settle' | 'spare' | 'unguard' | 'paper'

/** THE table: how many people it takes, by what is done and how large the suspension is, if there is one (control §4.6). */
const PEOPLE: Readonly<Record<GuardedAction, { readonly small: 1 | 2; readonly large: 1 | 2 }>> = {
  start: { small: 1, large: 2 },
  extend: { small: 1, large: 2 },
  end: { small: 1, large: 2 },
  exempt: { small: 2, large: 2 },
  settle: { small: 1, large: 2 },
  spare: { small: 2, large: 2 },
  unguard: { small: 2, large: 2 },
  paper: { small: 2, large: 2 },
}

/** Everything that it tells apart. */
export const GUARDED_ACTIONS = Object.keys(PEOPLE) as readonly GuardedAction[]

/** A suspension of more accounts than this is large (control §4.6). */
export const LARGE_ACCOUNTS = 100

/** How many people it takes. @param isLarge - more than a hundred accounts, the whole service, or a cut. */
export function approvalsNeeded(action: GuardedAction, isLarge: boolean): 1 | 2 {
  return PEOPLE[action][isLarge ? 'large' : 'small']
}

/** The rule is in force as soon as there are two who can approve. */
export function isTwoPersonRuleActive(approvers: number): boolean {
  return approvers >= 2
}
