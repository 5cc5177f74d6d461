import { useMemo, useState } from 'react'
import type { RouteId } from '../api/routes.ts'
import { callText } from '../model/as-call.ts'
import type { Request } from '../model/as-call.ts'
import { useTexts } from '../texts/index.ts'
import { More } from './More.tsx'
import { useResource } from './use-resource.ts'

/** The command and the request that do the same, to be handed on. */
export function Repeat<Id extends RouteId>({
  command,
  request,
  suspension,
}: {
  readonly command: string
  readonly request: Request<Id>
  /** The suspension that is changed: as it is seen now, or the request is refused. */
  readonly suspension?: string
}) {
  const { t } = useTexts()
  const tag = useResource(
    `tag ${suspension}`,
    async (call, signal) => {
      let seen: string | undefined
      await call('getSuspension', { params: { id: suspension ?? '' }, signal, onTag: (is) => (seen = is) })
      return seen
    },
    { isOn: suspension !== undefined },
  )
  const what = JSON.stringify(request)
  // Another request is another thing to do.
  const key = useMemo(() => crypto.randomUUID(), [what])
  const ifMatch = tag.value
  const call = callText(location.origin, { ...request, key, ...(ifMatch !== undefined && { ifMatch }) })
  return (
    <More summary={t.asCommand} isSet={false}>
      <Copyable label={t.theCommand} text={command} />
      <Copyable label={t.theCall} text={call} hint={t.callHint} />
    </More>
  )
}

/** A text that can be copied, or selected where a page may not copy. */
function Copyable({ label, text, hint }: { readonly label: string; readonly text: string; readonly hint?: string }) {
  const { t } = useTexts()
  const [copied, setCopied] = useState<string>()
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(text)
  }
  return (
    <div className="copyable">
      <pre className="command" tabIndex={0} role="group" aria-label={label}>
        <code>{text}</code>
      </pre>
      {hint && <p className="hint">{hint}</p>}
      {/* Browsers let pages copy over https, and from this machine. */}
      {globalThis.isSecureContext && (
        <button type="button" className="button small" onClick={() => void copy().catch(() => undefined)}>
          {t.copyAs(label)}
        </button>
      )}
      <span role="status" className="soft">
        {copied === text && t.copied}
      </span>
    </div>
  )
}
