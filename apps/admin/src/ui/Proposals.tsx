import type { AdvisoryProposalView } from '@drawbridge/contract'
import { Dialog } from '@drawbridge/ui'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import { formatCount } from './format.ts'
import { ListEnd } from './ListEnd.tsx'
import { Guarded, Loaded, Moment, Panel, ProblemBox, TextField } from './parts.tsx'
import { useDraft } from './use-draft.ts'
import { useEdit } from './use-edit.ts'
import { PAGE, usePages } from './use-pages.ts'

/** What advisories suggest for the clients in use. Nothing is blocked before a person says so. */
export function Proposals({ onWrite }: { readonly onWrite: (proposal: AdvisoryProposalView) => void }) {
  const { t, language } = useTexts()
  const proposals = usePages(
    'proposals',
    async (call, cursor, signal) => {
      const { proposals: items, next } = await call('listProposals', { query: { cursor, limit: PAGE }, signal })
      return { items, next }
    },
    { on: ['advisories'] },
  )
  const [dismissed, setDismissed] = useState<AdvisoryProposalView>()
  return (
    <Panel title={t.proposalsTitle} hint={t.proposalsHint} testId="proposals">
      <Loaded resource={proposals}>
        {(list) =>
          list.length === 0 ? (
            <p className="empty">{t.noProposals}</p>
          ) : (
            <ul className="cards">
              {list.map((proposal) => (
                <li key={`${proposal.flaw} ${proposal.family}`} className="item">
                  <h3>
                    {proposal.flaw} · {proposal.family} <span className="mark">{t.proposalStates[proposal.state]}</span>{' '}
                    {proposal.isExploited && <span className="mark danger">{t.exploited}</span>}
                  </h3>
                  <p dir="auto">{proposal.title}</p>
                  <dl className="facts">
                    <div>
                      <dt>{t.concerned}</dt>
                      <dd>
                        {t.impactCounts(
                          formatCount(proposal.people, language),
                          formatCount(proposal.sessions, language),
                        )}{' '}
                        · {proposal.versions.map((version) => version || t.unknown).join(', ')}
                      </dd>
                    </div>
                    <div>
                      <dt>{t.match}</dt>
                      <dd>
                        {t.confidences[proposal.confidence]} {proposal.component && `· ${proposal.component}`}
                      </dd>
                    </div>
                    <div>
                      <dt>{t.fixedIn}</dt>
                      <dd>{proposal.minimumVersion ?? t.noFix}</dd>
                    </div>
                    {proposal.formats.length > 0 && (
                      <div>
                        <dt>{t.formats}</dt>
                        <dd>{proposal.formats.join(', ')}</dd>
                      </div>
                    )}
                    <div>
                      <dt>{t.found}</dt>
                      <dd>
                        <Moment at={proposal.foundAt} />
                      </dd>
                    </div>
                    {proposal.decidedBy && (
                      <div>
                        <dt>{t.decided}</dt>
                        <dd>
                          {t.by(proposal.decidedBy)} · {proposal.reason}
                        </dd>
                      </div>
                    )}
                  </dl>
                  {proposal.state === 'open' && (
                    <Guarded permission="policy.write">
                      <div className="button-row">
                        <button type="button" className="button primary small" onClick={() => onWrite(proposal)}>
                          {t.makeRule}
                        </button>
                        <button type="button" className="button small" onClick={() => setDismissed(proposal)}>
                          {t.dismiss}
                        </button>
                      </div>
                    </Guarded>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <ListEnd pages={proposals} />
      {dismissed && (
        <DismissDialog
          proposal={dismissed}
          onClose={() => setDismissed(undefined)}
          onDismissed={() => {
            setDismissed(undefined)
            void proposals.reload()
          }}
        />
      )}
    </Panel>
  )
}

function DismissDialog({
  proposal,
  onClose,
  onDismissed,
}: {
  readonly proposal: AdvisoryProposalView
  readonly onClose: () => void
  readonly onDismissed: () => void
}) {
  const { t } = useTexts()
  const { call } = useConsole()
  const { flaw, family } = proposal
  const params = { flaw, family }
  const edit = useEdit('getProposal', params, { proposal })
  const draft = useDraft(`dismiss ${flaw} ${family}`, { reason: '' })
  const dismiss = () =>
    edit.run(async (ifMatch) => {
      const body = { decision: 'dismiss', reason: draft.value.reason.trim() } as const
      await call('decideProposal', { params, body, ...ifMatch })
      draft.sent()
      onDismissed()
    })
  return (
    <Dialog title={t.dismissQuestion(`${flaw} · ${family}`)} onClose={onClose} isKept>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void dismiss()
        }}
      >
        <TextField
          label={t.whyDismiss}
          isRequired
          maxLength={500}
          value={draft.value.reason}
          onChange={(reason) => draft.set({ reason })}
        />
        <ConflictNotice edit={edit} />
        <ProblemBox problem={edit.problem} />
        <button type="submit" className="button primary" aria-disabled={edit.isBusy}>
          {t.dismiss}
        </button>
      </form>
    </Dialog>
  )
}
