import { LANGUAGES } from '@drawbridge/ui'
import { useTexts } from '../texts/index.ts'
import type { Language } from '@drawbridge/ui'

/** Each language under its own name, so that whoever needs it can read it. */
export function LanguageSwitch({
  language,
  onChoose,
}: {
  readonly language: Language
  readonly onChoose: (language: Language) => void
}) {
  const { t } = useTexts()
  return (
    <div role="group" aria-label={t.language} className="languages">
      {Object.entries(LANGUAGES).map(([tag, name]) => (
        <button
          key={tag}
          type="button"
          lang={tag}
          aria-pressed={tag === language}
          onClick={() => onChoose(tag as Language)}
        >
          {name}
        </button>
      ))}
    </div>
  )
}
