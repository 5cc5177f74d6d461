import type { Effect, SuspensionView } from '@drawbridge/contract'
import { useState } from 'react'
import { useMay } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'
import { Applied, InForce } from './Applied.tsx'
import { Approvals } from './Approvals.tsx'
import { Effective } from './Effective.tsx'
import { ImageRenewal } from './ImageRenewal.tsx'
import { ListEnd } from './ListEnd.tsx'
import { Loaded, Panel } from './parts.tsx'
import { Past } from './Past.tsx'
import { Playbooks } from './Playbooks.tsx'
import { Quick } from './Quick.tsx'
import { useRoute } from './route.ts'
import type { PageProps } from './Shell.tsx'
import { StartSuspension } from './StartSuspension.tsx'
import { SuspensionActions } from './SuspensionActions.tsx'
import { SuspensionFacts } from './SuspensionFacts.tsx'
import { PAGE, usePages } from './use-pages.ts'
import type { Pages } from './use-pages.ts'
import { Views } from './Views.tsx'

/** How often suspensions are asked for, in milliseconds. */
const EVERY_MS = 5_000

/** The parts of the page: what cannot wait comes first. */
const VIEWS = ['now', 'playbooks', 'effective', 'images', 'past'] as const

/** What was just done, and what became of it. */
export interface Done {
  readonly text: string
  readonly effect?: Effect | undefined
}

/** What is suspended, and the way to suspend and to end it. */
export function Emergency({ status }: PageProps) {
  const { t } = useTexts()
  const { search } = useRoute()
  const isOn = useMay('policy.read')
  const mayWrite = useMay('policy.write')
  const suspensions = usePages(
    'suspensions',
    async (ask, cursor, signal) => {
      const { suspensions: items, next } = await ask('listSuspensions', { query: { cursor, limit: PAGE }, signal })
      return { items, next }
    },
    { everyMs: EVERY_MS, on: ['suspensions', 'status'], isOn },
  )
  const [done, setDone] = useState<Done>()
  const onDone = (what: Done) => {
    setDone(what)
    void suspensions.reload()
    void status.reload()
  }
  if (!isOn) return <p className="hint">{t.noPolicy}</p>
  const view = VIEWS.find((name) => name === search.get('view')) ?? VIEWS[0]
  return (
    <>
      <Views label={t.emergencyViewsLabel} page="emergency" of={VIEWS} texts={t.emergencyViews} current={view} />
      <div role="status">{done && <Applied key={done.effect?.epoch ?? done.text} done={done} />}</div>
      {view === 'now' && (
        <>
          {mayWrite && <Quick />}
          <Running suspensions={suspensions} onDone={onDone} />
          <Approvals suspensions={suspensions.value ?? []} onDone={onDone} />
          <StartSuspension onDone={onDone} />
          <Unfinished suspensions={suspensions} onDone={onDone} />
        </>
      )}
      {view === 'playbooks' && <Playbooks onDone={onDone} />}
      {view === 'effective' && (
        <>
          <Effective />
          <InForce epoch={status.value?.policy.epoch} />
        </>
      )}
      {view === 'images' && <ImageRenewal />}
      {view === 'past' && <Past />}
    </>
  )
}

interface ListProps {
  readonly suspensions: Pages<SuspensionView>
  readonly onDone: (done: Done) => void
}

function Running({ suspensions, onDone }: ListProps) {
  const { t } = useTexts()
  return (
    <Panel title={t.suspensionsTitle} testId="suspensions">
      <Loaded resource={suspensions}>
        {(all) => {
          const running = all.filter(({ state }) => state !== 'ended')
          if (running.length === 0) return <p className="empty">{t.noSuspensions(all.length)}</p>
          return <Cards of={running} onDone={onDone} />
        }}
      </Loaded>
    </Panel>
  )
}

/** What has ended and left messages or a review for somebody. It waits: below the form, which does not. */
function Unfinished({ suspensions, onDone }: ListProps) {
  const { t } = useTexts()
  const left = suspensions.value?.filter(isUnfinished) ?? []
  if (left.length === 0 && !suspensions.hasMore) return null
  return (
    <Panel title={t.unfinishedTitle} testId="unfinished">
      {left.length === 0 ? <p className="empty">{t.noneUnfinished}</p> : <Cards of={left} onDone={onDone} />}
      {/* Older ones may have left something behind. */}
      {suspensions.hasMore && <ListEnd pages={suspensions} />}
    </Panel>
  )
}

function Cards({ of, onDone }: { readonly of: readonly SuspensionView[]; readonly onDone: (done: Done) => void }) {
  return (
    <ul className="cards">
      {of.map((suspension) => (
        <li key={suspension.id} className="item" data-testid="suspension">
          <SuspensionFacts suspension={suspension} />
          <SuspensionActions suspension={suspension} onDone={onDone} />
        </li>
      ))}
    </ul>
  )
}

function isUnfinished({ state, held, reviewDueAt, reviewedAt }: SuspensionView): boolean {
  return state === 'ended' && (held.count > 0 || (reviewDueAt !== undefined && reviewedAt === undefined))
}
