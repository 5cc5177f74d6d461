import { useTexts } from '../texts/index.ts'
import { formatLeft } from './format.ts'
import { useNow } from './parts.tsx'

/** Something that takes its time, for how long it has, and the way to give it up. */
export function Waiting({
  since,
  text,
  onStop,
}: {
  /** As `Date.now()`. */
  readonly since: number
  readonly text: (clock: string) => string
  readonly onStop: () => void
}) {
  const { t } = useTexts()
  const now = useNow(1_000)
  return (
    <div className="waiting">
      <progress aria-label={text('')} />
      <p>{text(formatLeft(Math.max(0, now - since)))}</p>
      <button type="button" className="button small" onClick={onStop}>
        {t.stopSimulating}
      </button>
    </div>
  )
}
