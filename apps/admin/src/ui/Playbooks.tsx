import type { PlaybookView, ResponseOf } from '@drawbridge/contract'
import { formatList } from '@drawbridge/ui'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { playbookCommand } from '../model/as-command.ts'
import { scopesText } from '../model/scopes.ts'
import { useTexts } from '../texts/index.ts'
import { ConfirmStart } from './ConfirmStart.tsx'
import type { Done } from './Emergency.tsx'
import { ListEnd } from './ListEnd.tsx'
import { Guarded, Loaded, Moment, Panel, ProblemBox } from './parts.tsx'
import { Repeat } from './Repeat.tsx'
import { go, hrefOf, useRoute } from './route.ts'
import { PlaybookEditor } from './PlaybookEditor.tsx'
import { PAGE, usePages } from './use-pages.ts'
import { useAction } from './use-resource.ts'

/** In the address: one that is not there yet. No name may be like it. */
const NEW = '+'

interface Checked {
  readonly playbook: PlaybookView
  readonly found: ResponseOf<'startPlaybook'>
  readonly key: string
  readonly isDrill: boolean
  readonly isEmergency: boolean
}

/** What is kept ready: scopes, rules, texts and whom to tell, started in one action. */
export function Playbooks({ onDone }: { readonly onDone: (done: Done) => void }) {
  const { t, language } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const playbooks = usePages(
    'playbooks',
    async (ask, cursor, signal) => {
      const { playbooks: items, next } = await ask('listPlaybooks', { query: { cursor, limit: PAGE }, signal })
      return { items, next }
    },
    { on: ['playbooks'] },
  )
  const [checked, setChecked] = useState<Checked>()
  const { search } = useRoute()
  // Which one is being changed is in the address: it is still open after a reload.
  const wanted = search.get('playbook') ?? undefined
  const edited = wanted === NEW ? NEW : playbooks.value?.find(({ name }) => name === wanted)
  const setEdited = (name: string | undefined) =>
    go(hrefOf('emergency', { view: 'playbooks', playbook: name }), 'replace')
  const check = (playbook: PlaybookView, isDrill: boolean) =>
    action.run(async () => {
      const params = { name: playbook.name }
      const found = await call('startPlaybook', { params, query: { dryRun: 'true' }, body: { isDrill } })
      setChecked({ playbook, found, isDrill, isEmergency: false, key: crypto.randomUUID() })
    })
  const start = (wanted: Checked) =>
    action.run(async () => {
      const { playbook, isDrill, key } = wanted
      const body = startBody(wanted)
      const { effect, request } = await call('startPlaybook', { params: { name: playbook.name }, body, key })
      setChecked(undefined)
      // What was started is seen where it runs.
      go(hrefOf('emergency'))
      onDone({ text: request ? t.waitsForSecond : isDrill ? t.drillStarted : t.started, effect })
    })
  return (
    <Panel
      title={t.playbooks}
      hint={t.playbooksHint}
      testId="playbooks"
      actions={
        edited === undefined && (
          <Guarded permission="policy.write">
            <button type="button" className="button small" onClick={() => setEdited(NEW)}>
              {t.newPlaybook}
            </button>
          </Guarded>
        )
      }
    >
      {edited !== undefined && (
        <PlaybookEditor
          key={edited === NEW ? '' : edited.name}
          playbook={edited === NEW ? undefined : edited}
          names={playbooks.value?.map(({ name }) => name) ?? []}
          onClose={() => setEdited(undefined)}
          onSaved={(text) => {
            setEdited(undefined)
            onDone({ text })
            void playbooks.reload()
          }}
        />
      )}
      <Loaded resource={playbooks}>
        {(list) =>
          list.length === 0 ? (
            <p className="empty">{t.noPlaybooks}</p>
          ) : (
            <ul className="cards">
              {list.map((playbook) => (
                <li key={playbook.name} className="item" data-testid="playbook">
                  <h3>{playbook.name}</h3>
                  {playbook.description && <p dir="auto">{playbook.description}</p>}
                  <Steps playbook={playbook} />
                  <p className="soft">
                    {t.changedBy(playbook.changedBy)} <Moment at={playbook.changedAt} />
                  </p>
                  <Guarded permission="policy.write">
                    <div className="button-row">
                      <button
                        type="button"
                        className="button danger-line small"
                        onClick={() => void check(playbook, false)}
                      >
                        {t.start}
                      </button>
                      <button type="button" className="button small" onClick={() => void check(playbook, true)}>
                        {t.tryAsDrill}
                      </button>
                      <button type="button" className="button small" onClick={() => setEdited(playbook.name)}>
                        {t.edit}
                      </button>
                    </div>
                  </Guarded>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <ListEnd pages={playbooks} />
      {!checked && <ProblemBox problem={action.problem} />}
      {checked && (
        <ConfirmStart
          title={t.startQuestion(checked.playbook.name)}
          found={checked.found}
          isDrill={checked.isDrill}
          isEmergency={checked.isEmergency}
          onEmergency={(isEmergency) => setChecked({ ...checked, isEmergency })}
          onConfirm={() => void start(checked)}
          onClose={() => {
            setChecked(undefined)
            action.clear()
          }}
          action={action}
        >
          <Steps playbook={checked.playbook} />
          <p dir="auto">{checked.playbook.reasons?.[language] ?? checked.playbook.reason}</p>
          {checked.playbook.notify && !checked.isDrill && (
            <p className="hint">{t.notified(formatList(checked.playbook.notify, language))}</p>
          )}
          <Repeat
            command={playbookCommand(checked.playbook.name, startBody(checked))}
            request={{ id: 'startPlaybook', params: { name: checked.playbook.name }, body: startBody(checked) }}
          />
        </ConfirmStart>
      )}
    </Panel>
  )
}

/** What is sent to start it. */
function startBody({ isDrill, isEmergency }: Checked) {
  return { isDrill, ...(isEmergency && { isEmergency }) }
}

function Steps({ playbook: { steps, rules = [] } }: { readonly playbook: PlaybookView }) {
  const { t } = useTexts()
  return (
    <ul className="steps">
      {steps.map(({ scopes, mode }) => (
        <li key={scopes.join()}>
          {scopesText(scopes, t)} <span className="mark warning">{t.modes[mode]}</span>
        </li>
      ))}
      {rules.map(({ family, from, below, action }, index) => (
        <li key={index}>
          {family === '*' ? t.everyFamily : family} {from && t.fromVersion(from)} {below && t.belowVersion(below)}{' '}
          <span className="mark warning">{t.actions[action]}</span>
        </li>
      ))}
    </ul>
  )
}
