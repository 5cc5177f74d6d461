import type { BodyOf, PlaybookView } from '@drawbridge/contract'
import { draftOf, EMPTY_RULE, ruleFrom } from './rule-draft.ts'
import type { RuleDraft } from './rule-draft.ts'
import {
  EMPTY_EXEMPTIONS,
  exemptionDraftOf,
  EMPTY_REASON,
  EMPTY_WHAT,
  exemptionsFrom,
  namedIn,
  reasonsFrom,
  scopesOf,
  whatOf,
} from './suspension-draft.ts'
import type { ExemptionDraft, ReasonDraft, WhatDraft } from './suspension-draft.ts'

type PlaybookDocument = BodyOf<'putPlaybook'>

/** Most suspensions that one playbook starts, and most rules that it adds, as the contract has them. */
export const MAX_STEPS = 8
export const MAX_RULES = 10

/** Names a part of a draft for as long as it is being written. */
interface Part {
  readonly key: string
}

/** A playbook as it is being written: texts as they stand in their fields. */
export interface PlaybookDraft extends ReasonDraft, ExemptionDraft {
  readonly name: string
  readonly description: string
  readonly steps: readonly (WhatDraft & Part)[]
  readonly rules: readonly (RuleDraft & Part)[]
  /** Minutes; empty: a person ends it, and is reminded after an hour. */
  readonly endAfterMin: string
  readonly reviewAfterMin: string
  /** Accounts that are told. */
  readonly notify: string
  /** What the editor does not know, kept as it was. */
  readonly others: Partial<PlaybookDocument>
}

export const newStep = (): WhatDraft & Part => ({ ...EMPTY_WHAT, key: crypto.randomUUID() })

/** In an emergency it is added, whatever other rules there are by then. */
export const newPlaybookRule = (): RuleDraft & Part => ({
  ...EMPTY_RULE,
  preset: 'now',
  others: { isShadowAccepted: true },
  key: crypto.randomUUID(),
})

export function newPlaybook(): PlaybookDraft {
  return {
    ...EMPTY_REASON,
    ...EMPTY_EXEMPTIONS,
    name: '',
    description: '',
    steps: [newStep()],
    rules: [],
    endAfterMin: '',
    reviewAfterMin: '',
    notify: '',
    others: {},
  }
}

/** What is sent. Fields that were left empty are left out. */
export function playbookFrom(draft: PlaybookDraft): PlaybookDocument {
  const exemptions = exemptionsFrom(draft)
  const notify = namedIn(draft.notify)
  const description = draft.description.trim()
  return {
    ...draft.others,
    ...(description !== '' && { description }),
    steps: draft.steps.map((step) => ({ scopes: scopesOf(step), mode: step.mode })),
    ...reasonsWith(draft),
    ...(exemptions && { exemptions }),
    ...(draft.endAfterMin !== '' && { endAfterMin: Number(draft.endAfterMin) }),
    ...(draft.reviewAfterMin !== '' && { reviewAfterMin: Number(draft.reviewAfterMin) }),
    ...(draft.rules.length > 0 && { rules: draft.rules.map(ruleFrom) }),
    ...(notify.length > 0 && { notify }),
  }
}

/** The draft of a playbook that is kept. */
export function playbookDraftOf(playbook: PlaybookView): PlaybookDraft {
  const {
    name,
    description = '',
    steps,
    reason,
    reasons = {},
    internalReason = '',
    exemptions = {},
    rules = [],
  } = playbook
  const { endAfterMin, reviewAfterMin, notify = [] } = playbook
  const { de: reasonDe = '', ...moreReasons } = reasons
  const minutes = (value: number | undefined) => (value === undefined ? '' : String(value))
  return {
    name,
    description,
    steps: steps.map((step) => ({ ...whatOf(step), key: crypto.randomUUID() })),
    reason,
    reasonDe,
    internalReason,
    ...exemptionDraftOf(exemptions),
    rules: rules.map((rule) => ({ ...draftOf(rule), key: crypto.randomUUID() })),
    endAfterMin: minutes(endAfterMin),
    reviewAfterMin: minutes(reviewAfterMin),
    notify: notify.join(', '),
    others: Object.keys(moreReasons).length > 0 ? { reasons: moreReasons } : {},
  }
}

/** Texts in languages that have no field stay. */
function reasonsWith(draft: PlaybookDraft) {
  const { reasons, ...rest } = reasonsFrom(draft)
  const all = { ...draft.others.reasons, ...reasons }
  return { ...rest, ...(Object.keys(all).length > 0 && { reasons: all }) }
}
