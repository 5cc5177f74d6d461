/** What is done to a suspension, as the two-person rule tells it apart; `settle`: many of the messages that it held. */
export type GuardedAction = 'start' | 'extend' | 'end' | 'exempt' | 'settle'

/** THE table: how many people it takes, by what is done and how large the suspension is (control §4.6). */
const PEOPLE: Readonly<Record<GuardedAction, { readonly small: 1 | 2; readonly large: 1 | 2 }>> = {
  start: { small: 1, large: 2 },
  extend: { small: 1, large: 2 },
  end: { small: 1, large: 2 },
  exempt: { small: 2, large: 2 },
  settle: { small: 1, large: 2 },
}

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
