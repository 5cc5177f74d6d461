import { useTexts } from '../texts/index.ts'
import type { Draft } from './use-draft.ts'

/** Says that what stands in a form was typed before the page was loaded, and offers what was typed there before. */
export function DraftNotice({
  draft: { isRestored, undo },
}: {
  readonly draft: Pick<Draft<unknown>, 'isRestored' | 'undo'>
}) {
  const { t } = useTexts()
  return (
    <div role="status" className="stack">
      {isRestored && <p className="notice good">{t.draftRestored}</p>}
      {undo && (
        <p className="notice">
          {t.draftBefore}{' '}
          <button type="button" className="button small" onClick={undo}>
            {t.draftUndo}
          </button>
        </p>
      )}
    </div>
  )
}
