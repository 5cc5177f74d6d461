import type { AdvisoryProposalView } from '@drawbridge/contract'
import { useMay } from '../api/console.ts'
import { draftOf, EMPTY_RULE } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Exceptions } from './Exceptions.tsx'
import { Inventory } from './Inventory.tsx'
import { Proposals } from './Proposals.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { Rules } from './Rules.tsx'
import { Views } from './Views.tsx'
import { useDraft } from './use-draft.ts'

const VIEWS = ['inventory', 'rules', 'advisories', 'exceptions'] as const

/** A rule that is being written, and the proposal that it answers. */
export interface Work {
  readonly draft: RuleDraft
  readonly proposal?: AdvisoryProposalView | undefined
}

/** Which clients are in use, which may be, and what the world says about them. */
export function Clients() {
  const { t } = useTexts()
  const { search } = useRoute()
  const mayPolicy = useMay('policy.read')
  const maySessions = useMay('session.read')
  const view = VIEWS.find((name) => name === search.get('view')) ?? 'inventory'
  // Kept here, so that a look at the inventory does not cost what was written.
  const work = useDraft<Work>('rule', { draft: EMPTY_RULE })
  const write = (next: Work) => {
    work.replace(next)
    go(hrefOf('clients', { view: 'rules' }))
  }
  if (!mayPolicy || !maySessions) return <p className="hint">{t.noPolicy}</p>
  return (
    <>
      <Views label={t.views} page="clients" of={VIEWS} texts={t.clientViews} current={view} />
      {view === 'inventory' && <Inventory onWrite={(draft) => write({ draft })} />}
      {view === 'rules' && <Rules work={work} />}
      {view === 'advisories' && (
        <Proposals onWrite={(proposal) => write({ draft: draftOf(proposal.draft), proposal })} />
      )}
      {view === 'exceptions' && <Exceptions />}
    </>
  )
}
