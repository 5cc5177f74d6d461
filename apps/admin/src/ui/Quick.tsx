import { QUICK_STARTS } from '../model/suspension-draft.ts'
import type { QuickStart } from '../model/suspension-draft.ts'
import { useTexts } from '../texts/index.ts'
import { Link } from './parts.tsx'
import { hrefOf } from './route.ts'

export const QUICK = Object.keys(QUICK_STARTS) as QuickStart[]

/** What is suspended in a hurry: each with texts that are ready, and seen before it begins. */
export function Quick() {
  const { t } = useTexts()
  return (
    <nav className="quick" aria-label={t.quick}>
      <span>{t.inHurry}</span>
      {QUICK.map((what) => (
        <Link key={what} href={hrefOf('emergency', { suspend: what })} className="button danger-line small">
          {t.quickStarts[what]}
        </Link>
      ))}
    </nav>
  )
}
