import { useTexts } from '../texts/index.ts'

/** Says that what stands in a form was typed before the page was loaded. */
export function DraftNotice({ isRestored }: { readonly isRestored: boolean }) {
  const { t } = useTexts()
  return <div role="status">{isRestored && <p className="notice good">{t.draftRestored}</p>}</div>
}
