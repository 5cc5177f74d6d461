import { useCallback, useEffect, useState } from 'react'
import { isFull, type Quota } from '../protocol/quotas.ts'
import { formatBytes } from './format.ts'
import { useChat, useTexts } from './use-store.ts'

/** How much room one's files take, and how much they may. */
export function StorageUse() {
  const chat = useChat()
  const { t } = useTexts()
  const [quotas, setQuotas] = useState<readonly Quota[] | 'loading' | 'failed'>('loading')
  const load = useCallback(() => chat.own.listQuotas().then(setQuotas, () => setQuotas('failed')), [chat])
  useEffect(() => void load(), [load])
  return (
    <section className="storage" data-testid="storage">
      <h3>{t.storage}</h3>
      {quotas === 'loading' ? (
        <p className="hint">{t.storageLoading}</p>
      ) : quotas === 'failed' ? (
        <p className="hint" role="alert">
          {t.storageFailed}{' '}
          <button type="button" className="link-button" onClick={() => void load()}>
            {t.retry}
          </button>
        </p>
      ) : (
        quotas.map((quota) => <QuotaLine key={`${quota.kind} ${quota.name}`} quota={quota} />)
      )}
    </section>
  )
}

function QuotaLine({ quota }: { readonly quota: Quota }) {
  const { t, language } = useTexts()
  const { kind, name = '', usedBytes, limitBytes } = quota
  const label = t.storageKind(kind, name)
  const used = formatBytes(usedBytes, language)
  const text =
    limitBytes === undefined ? t.storageUnlimited(used) : t.storageUsed(used, formatBytes(limitBytes, language))
  return (
    <div className="quota" data-full={isFull(quota)}>
      <p>
        <span>{label}</span> <span>{text}</span>
      </p>
      {limitBytes !== undefined && (
        <meter aria-label={label} max={limitBytes} value={usedBytes} high={limitBytes * 0.9} />
      )}
      {isFull(quota) && <p className="quota-full">{t.storageFull(kind)}</p>}
    </div>
  )
}
