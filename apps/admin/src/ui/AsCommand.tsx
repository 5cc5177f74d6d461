import { useState } from 'react'
import { useTexts } from '../texts/index.ts'
import { More } from './More.tsx'

/** The command that does the same, to be handed on. It can be copied, or selected where a page may not copy. */
export function AsCommand({ command }: { readonly command: string }) {
  const { t } = useTexts()
  const [copied, setCopied] = useState<string>()
  const copy = async () => {
    await navigator.clipboard.writeText(command)
    setCopied(command)
  }
  return (
    <More summary={t.asCommand} isSet={false}>
      <pre className="command" tabIndex={0} aria-label={t.asCommand}>
        <code>{command}</code>
      </pre>
      {/* Browsers let pages copy over https, and from this machine. */}
      {globalThis.isSecureContext && (
        <button type="button" className="button small" onClick={() => void copy().catch(() => undefined)}>
          {t.copy}
        </button>
      )}
      <span role="status" className="soft">
        {copied === command && t.copied}
      </span>
    </More>
  )
}
