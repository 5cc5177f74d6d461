import type { ClientRuleView } from '@drawbridge/contract'
import { useEffect, useRef, useState } from 'react'
import { draftAgain, EMPTY_RULE } from '../model/rule-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Applied } from './Applied.tsx'
import type { Work } from './Clients.tsx'
import { DraftNotice } from './DraftNotice.tsx'
import type { Done } from './Emergency.tsx'
import { ListEnd } from './ListEnd.tsx'
import { Guarded, Loaded, Panel } from './parts.tsx'
import { Posture } from './Posture.tsx'
import { RuleActions } from './RuleActions.tsx'
import { RuleEditor } from './RuleEditor.tsx'
import { RuleFacts, useRuleName } from './RuleFacts.tsx'
import type { Draft } from './use-draft.ts'
import { PAGE, usePages } from './use-pages.ts'

/** How often the rules are asked for, in milliseconds: they climb by themselves. */
const EVERY_MS = 10_000

/** The rules in force, in the order in which they are asked, and the editor of a new one. */
export function Rules({ work }: { readonly work: Draft<Work> }) {
  const { t } = useTexts()
  const nameOf = useRuleName()
  const rules = usePages(
    'rules',
    async (call, cursor, signal) => {
      const { rules: items, next } = await call('listClientRules', { query: { cursor, limit: PAGE }, signal })
      return { items, next }
    },
    { everyMs: EVERY_MS, on: ['rules'] },
  )
  const [done, setDone] = useState<Done>()
  const [removed, setRemoved] = useState<ClientRuleView>()
  // Whoever has begun to write a rule, here or from the inventory, goes on with it.
  const [isWriting, setWriting] = useState(() => JSON.stringify(work.value.draft) !== JSON.stringify(EMPTY_RULE))
  const opener = useRef<HTMLButtonElement>(null)
  const wasClosed = useRef(false)
  const close = () => {
    setWriting(false)
    wasClosed.current = true
  }
  // Whoever closes the editor goes on from where it is opened.
  useEffect(() => {
    if (!isWriting && wasClosed.current) opener.current?.focus()
  }, [isWriting])
  const onDone = (what: Done, gone?: ClientRuleView) => {
    setDone(what)
    setRemoved(gone)
    void rules.reload()
  }
  return (
    <>
      <div role="status">{done && <Applied key={done.effect?.epoch ?? done.text} done={done} />}</div>
      {!isWriting && removed && (
        <button
          type="button"
          className="button again"
          onClick={() => {
            work.replace({ draft: draftAgain(removed) })
            setRemoved(undefined)
            setWriting(true)
          }}
        >
          {t.writeAgain(nameOf(removed))}
        </button>
      )}
      {!isWriting && work.undo && (
        <DraftNotice
          draft={{
            isRestored: false,
            undo: () => {
              work.undo?.()
              setWriting(true)
            },
          }}
        />
      )}
      {isWriting && (
        <RuleEditor
          work={work}
          onClose={() => {
            work.discard()
            close()
          }}
          onDone={(what) => {
            work.sent()
            close()
            onDone(what)
          }}
        />
      )}
      <Panel
        title={t.rulesTitle}
        hint={t.rulesHint}
        testId="rules"
        actions={
          !isWriting && (
            <Guarded permission="policy.write">
              <button ref={opener} type="button" className="button primary small" onClick={() => setWriting(true)}>
                {t.newRule}
              </button>
            </Guarded>
          )
        }
      >
        <Loaded resource={rules}>
          {(list) =>
            list.length === 0 ? (
              <p className="empty">{t.noRules}</p>
            ) : (
              <ul className="cards">
                {list.map((rule) => (
                  <li key={rule.id} className="item" data-testid="rule">
                    <RuleFacts rule={rule} />
                    <RuleActions rule={rule} onDone={onDone} />
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
        <ListEnd pages={rules} />
      </Panel>
      <Posture onDone={onDone} />
    </>
  )
}
