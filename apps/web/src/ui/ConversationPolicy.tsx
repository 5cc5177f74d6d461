import { useCallback, useEffect, useState } from 'react'
import type { EncryptionPolicy } from '../protocol/encryption.ts'
import { Dialog } from '@drawbridge/ui'
import { Icon } from './icons.tsx'
import { useChat, useTexts } from './use-store.ts'

/** What the server does with what is written here, behind a quiet button: known before anything is sent. */
export function ConversationPolicy({ peer }: { readonly peer: string }) {
  const { t } = useTexts()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        className="icon-button"
        aria-label={t.conversationPolicy}
        title={t.conversationPolicy}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Icon name="shield" />
      </button>
      {isOpen && <PolicyDialog peer={peer} onClose={() => setOpen(false)} />}
    </>
  )
}

function PolicyDialog({ peer, onClose }: { readonly peer: string; readonly onClose: () => void }) {
  const chat = useChat()
  const { t } = useTexts()
  const [policy, setPolicy] = useState<EncryptionPolicy | 'loading' | 'failed'>('loading')
  const load = useCallback(() => chat.own.encryptionWith(peer).then(setPolicy, () => setPolicy('failed')), [chat, peer])
  useEffect(() => void load(), [load])
  return (
    <Dialog title={t.conversationPolicy} onClose={onClose}>
      <p>{t.policyChecked}</p>
      <div>
        <h3>{t.policyEncryption}</h3>
        <p role="status" data-testid="encryption-policy" data-policy={policy}>
          {policy === 'loading' ? t.policyLoading : policy === 'failed' ? t.policyFailed : t.policyOfEncryption(policy)}
        </p>
        {policy === 'failed' && (
          <button type="button" className="button small" onClick={() => void load()}>
            {t.retry}
          </button>
        )}
      </div>
    </Dialog>
  )
}
