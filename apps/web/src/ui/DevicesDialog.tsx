import { useCallback, useEffect, useRef, useState } from 'react'
import type { Device } from '../protocol/devices.ts'
import { showBidiControls } from '../state/links.ts'
import type { Texts } from '../texts/index.ts'
import { Dialog } from '@drawbridge/ui'
import { formatRelative } from '@drawbridge/ui'
import { formatInstant } from './format.ts'
import { Icon } from './icons.tsx'
import { useChat, useTexts } from './use-store.ts'

/** Everything that can act for the account (XEP-0494), with a way to end it. */
export function DevicesDialog({ onClose }: { readonly onClose: () => void }) {
  const chat = useChat()
  const { t } = useTexts()
  const [devices, setDevices] = useState<readonly Device[] | 'loading' | 'failed'>('loading')
  const [news, setNews] = useState<{ readonly text: string; readonly isBad: boolean }>()
  const status = useRef<HTMLParagraphElement>(null)

  const load = useCallback(() => chat.own.listDevices().then(setDevices, () => setDevices('failed')), [chat])
  useEffect(() => void load(), [load])

  async function signOut(device: Device) {
    const name = nameOf(device, t)
    const outcome = await chat.own.revokeDevice(device.id).catch(() => 'failed' as const)
    const texts = {
      revoked: t.deviceSignedOut(name),
      'password-known': t.deviceKnowsPassword(name),
      failed: t.deviceFailed(name),
    }
    setNews({ text: texts[outcome], isBad: outcome === 'failed' })
    // The button that was pressed is gone.
    status.current?.focus()
    await load()
  }

  return (
    <Dialog title={t.devices} onClose={onClose}>
      <p className="hint">{t.devicesLead}</p>
      <p ref={status} className="devices-news" data-bad={news?.isBad} role="status" tabIndex={-1}>
        {news?.text}
      </p>
      {devices === 'loading' ? (
        <p>
          <span className="spinner" aria-hidden="true" /> {t.devicesLoading}
        </p>
      ) : devices === 'failed' ? (
        <p role="alert">
          {t.devicesFailed}{' '}
          <button type="button" className="link-button" onClick={() => void load()}>
            {t.retry}
          </button>
        </p>
      ) : (
        <>
          <ul className="devices" data-testid="devices">
            {devices.map((device) => (
              <DeviceLine key={device.id} device={device} onSignOut={() => signOut(device)} />
            ))}
          </ul>
          {devices.every(({ isThis }) => isThis) && <p className="hint">{t.devicesOnlyThis}</p>}
        </>
      )}
    </Dialog>
  )
}

function DeviceLine({ device, onSignOut }: { readonly device: Device; readonly onSignOut: () => Promise<void> }) {
  const { t, language } = useTexts()
  const [step, setStep] = useState<'idle' | 'asking' | 'busy'>('idle')
  const { isThis, isConnected, place, lastSeenAt } = device
  const name = nameOf(device, t)
  const seen = isConnected
    ? t.deviceActive
    : lastSeenAt === undefined
      ? ''
      : t.deviceSeen(formatRelative(lastSeenAt, Date.now(), language), formatInstant(lastSeenAt, language))
  return (
    <li className="device" data-testid="device" data-this={isThis}>
      <Icon name="device" />
      <div className="device-text">
        <strong>
          <bdi>{name}</bdi> {isThis && <span className="tag">{t.deviceThis}</span>}
        </strong>
        {place !== undefined && (
          <span>
            <bdi>{showBidiControls(place)}</bdi>
          </span>
        )}
        <small>{seen}</small>
      </div>
      {!isThis && step === 'idle' && (
        <button
          type="button"
          className="button small"
          aria-label={t.deviceSignOut(name)}
          onClick={() => setStep('asking')}
        >
          {t.signOut}
        </button>
      )}
      {step !== 'idle' && (
        <div className="confirm" role="alertdialog" aria-label={t.deviceSignOut(name)}>
          <p>{t.deviceConfirm(name)}</p>
          <button
            type="button"
            className="button danger small"
            autoFocus
            disabled={step === 'busy'}
            onClick={() => {
              setStep('busy')
              void onSignOut().finally(() => setStep('idle'))
            }}
          >
            {t.signOut}
          </button>
          <button type="button" className="button small" disabled={step === 'busy'} onClick={() => setStep('idle')}>
            {t.cancel}
          </button>
        </div>
      )}
    </li>
  )
}

/** Clients say themselves what they are. */
function nameOf({ software }: Device, t: Texts): string {
  return software === undefined ? t.deviceUnknown : showBidiControls(software)
}
