import type { AdvisoryProposalView } from '@drawbridge/contract'
import { useState } from 'react'
import { useMay } from '../api/console.ts'
import { draftOf, EMPTY_RULE } from '../model/rule-draft.ts'
import type { RuleDraft } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Exceptions } from './Exceptions.tsx'
import { Inventory } from './Inventory.tsx'
import { Link } from './parts.tsx'
import { Proposals } from './Proposals.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { Rules } from './Rules.tsx'

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
  const [work, setWork] = useState<Work>({ draft: EMPTY_RULE })
  const write = (next: Work) => {
    setWork(next)
    go(hrefOf('clients', { view: 'rules' }))
  }
  if (!mayPolicy || !maySessions) return <p className="hint">{t.noPolicy}</p>
  return (
    <>
      <nav className="views" aria-label={t.views}>
        <ul>
          {VIEWS.map((name) => (
            <li key={name}>
              <Link
                href={hrefOf('clients', { view: name === 'inventory' ? undefined : name })}
                isCurrent={name === view}
              >
                {t.clientViews[name]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {view === 'inventory' && <Inventory onWrite={(draft) => write({ draft })} />}
      {view === 'rules' && <Rules work={work} onWork={setWork} />}
      {view === 'advisories' && (
        <Proposals onWrite={(proposal) => write({ draft: draftOf(proposal.draft), proposal })} />
      )}
      {view === 'exceptions' && <Exceptions />}
    </>
  )
}
