import { useConsole } from '../api/console.ts'
import { useTexts } from '../texts/index.ts'

/** Codes on paper, shown this once. */
export function RecoveryCodes({ codes, onKept }: { readonly codes: readonly string[]; readonly onKept: () => void }) {
  const { t } = useTexts()
  const { renewSession } = useConsole()
  return (
    <div className="stack">
      <p>{t.recoveryCodesText}</p>
      <ul className="codes" data-testid="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="button primary"
        onClick={() => {
          onKept()
          void renewSession()
        }}
      >
        {t.recoveryCodesKept}
      </button>
    </div>
  )
}
