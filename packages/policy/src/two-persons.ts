/** What is done to a suspension, as the two-person rule tells it apart. */
export type GuardedAction = 'start' | 'extend' | 'end' | 'exempt'

/** THE table: how many people it takes, by what is done and how large the suspension is (control §4.6). */
const PEOPLE: Readonly<Record<GuardedAction, { readonly small: 1 | 2; readonly large: 1 | 2 }>> = {
  start: { small: 1, large: 2 },
  extend: { small: 1, large: 2 },
  end: { small: 1, large: 2 },
  exempt: { small: 2, large: 2 },
}

/** How many people it takes. @param isLarge - more than a hundred accounts, the whole service, or a cut. */
export function approvalsNeeded(action: GuardedAction, isLarge: boolean): 1 | 2 {
  return PEOPLE[action][isLarge ? 'large' : 'small']
}

/** The rule is in force as soon as there are two who can approve. */
export function isTwoPersonRuleActive(approvers: number): boolean {
  return approvers >= 2
}
