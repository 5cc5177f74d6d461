import type { HeldMessageView, SuspensionView } from '@drawbridge/contract'
import { Dialog } from '@drawbridge/ui'
import { useState } from 'react'
import { useConsole } from '../api/console.ts'
import { scopesText } from '../model/scopes.ts'
import { useTexts } from '../texts/index.ts'
import { ConflictNotice } from './Conflict.tsx'
import { formatCount, formatBare } from './format.ts'
import { ListEnd } from './ListEnd.tsx'
import { Moment, ProblemBox } from './parts.tsx'
import { Table } from './Table.tsx'
import { useEdit } from './use-edit.ts'
import { usePages } from './use-pages.ts'
import { useAction } from './use-resource.ts'

/** So many held messages are listed at once. */
const LISTED = 50

/** Where a reader is: the message that is open, and how to get to it and beyond it. */
interface Place {
  readonly message: HeldMessageView
  readonly cursor: string | undefined
  readonly next: string | undefined
}

/** What comes next is read from its beginning; what was pressed is gone. */
const focused = (element: HTMLElement | null) => element?.focus()

/**
 * What a suspension holds: who wrote to whom, and then one message after the other, each with what is in it and what
 * becomes of it. The API puts every message that was read on record; here it is said before.
 */
export function HeldReview({
  suspension,
  onClose,
}: {
  readonly suspension: SuspensionView
  /** Told what was done, if anything was. */
  readonly onClose: (text?: string) => void
}) {
  const { t, language } = useTexts()
  const { call } = useConsole()
  const action = useAction()
  const [place, setPlace] = useState<Place | 'end'>()
  const [counts, setCounts] = useState({ released: 0, discarded: 0 })
  const { id, scopes, state, release } = suspension
  const params = { id }
  const mayDecide = state === 'ended' && release === 'review'
  const [seen] = useState(suspension)
  const edit = useEdit('getSuspension', params, { suspension: seen })
  const list = usePages('held', async (ask, cursor, signal) => {
    const { messages: items, next } = await ask('listHeldMessages', {
      params,
      query: { limit: LISTED, cursor },
      signal,
    })
    return { items, next }
  })
  const decided = counts.released + counts.discarded > 0

  const open = async (cursor: string | undefined) => {
    const query = { limit: 1, content: 'true' as const, ...(cursor !== undefined && { cursor }) }
    const { messages, next } = await call('listHeldMessages', { params, query })
    const [message] = messages
    setPlace(message ? { message, cursor, next } : 'end')
  }
  const read = (cursor: string | undefined) => action.run(() => open(cursor))
  const skip = ({ next }: Place) => (next === undefined ? setPlace('end') : void read(next))
  const decide = (what: 'release' | 'discard', { message, cursor }: Place) =>
    edit.run(async (ifMatch) => {
      const body = { messages: [message.id] }
      if (what === 'release') {
        const { released } = await call('releaseHeldMessages', { params, body, ...ifMatch })
        setCounts((known) => ({ ...known, released: known.released + released }))
      } else {
        const { discarded, request } = await call('discardHeldMessages', { params, body, ...ifMatch })
        if (request) return onClose(t.waitsForSecond)
        setCounts((known) => ({ ...known, discarded: known.discarded + discarded }))
      }
      await open(cursor)
    })
  const close = () =>
    onClose(
      decided
        ? t.heldDecided(formatCount(counts.released, language), formatCount(counts.discarded, language))
        : undefined,
    )
  return (
    <Dialog title={t.heldTitle(scopesText(scopes, t))} onClose={close} size="wide" isKept>
      <p className="notice">{t.heldOnRecord}</p>
      {!mayDecide && <p className="hint">{t.heldUndecided}</p>}
      {place === undefined && (
        <>
          <ProblemBox problem={list.problem ?? action.problem} />
          <div className="button-row">
            <button
              type="button"
              className="button primary"
              onClick={() => void read(undefined)}
              aria-disabled={action.isBusy}
            >
              {t.heldRead}
            </button>
          </div>
          {list.value && (
            <Table caption={t.heldTitle('')} columns={[t.heldFrom, t.heldTo, t.when, t.heldMedia]}>
              {list.value.map((message) => (
                <tr key={message.id}>
                  <th scope="row">{formatBare([message.from])}</th>
                  <td>{formatBare(message.to)}</td>
                  <td>
                    <Moment at={message.sentAt} />
                  </td>
                  <td>{message.hasMedia ? t.hasOther : t.hasNone}</td>
                </tr>
              ))}
            </Table>
          )}
          <ListEnd pages={list} />
        </>
      )}
      {place === 'end' && (
        <p ref={focused} tabIndex={-1} className="empty">
          {t.heldEnd}
        </p>
      )}
      {place !== undefined && place !== 'end' && (
        <article key={place.message.id} ref={focused} tabIndex={-1} className="item" data-testid="held-message">
          <p>
            <strong>{formatBare([place.message.from])}</strong> → {formatBare(place.message.to)}
            {' · '}
            <Moment at={place.message.sentAt} />
          </p>
          {place.message.body === undefined ? (
            <p className="soft">{t.heldNoText}</p>
          ) : (
            <blockquote dir="auto">{place.message.body}</blockquote>
          )}
          {place.message.hasMedia && <p className="hint">{t.heldHasMedia}</p>}
          <ConflictNotice edit={edit} />
          <ProblemBox problem={edit.problem ?? action.problem} />
          <div className="button-row">
            {mayDecide && (
              <>
                <button
                  type="button"
                  className="button primary"
                  onClick={() => void decide('release', place)}
                  aria-disabled={edit.isBusy}
                >
                  {t.heldDeliver}
                </button>
                <button
                  type="button"
                  className="button danger-line"
                  onClick={() => void decide('discard', place)}
                  aria-disabled={edit.isBusy}
                >
                  {t.heldDiscard}
                </button>
              </>
            )}
            <button type="button" className="button" onClick={() => skip(place)} aria-disabled={action.isBusy}>
              {t.heldSkip}
            </button>
          </div>
        </article>
      )}
      {decided && (
        <p role="status">
          {t.heldDecided(formatCount(counts.released, language), formatCount(counts.discarded, language))}
        </p>
      )}
    </Dialog>
  )
}
