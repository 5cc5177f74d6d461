import { reasonIn, strictestFirst } from '@drawbridge/contract/browser'
import { useEffect, useState } from 'react'
import { Icon } from './icons.tsx'
import { SuspensionDialog, suspensionTitle, useExpectedEnd } from './Suspension.tsx'
import { useChat, useChatState, useNetwork, useTexts } from './use-store.ts'

/** Whose turn it is: you are offline, the server is away, or the service is suspended. Always in the same place and of the same height. */
export function StatusStrip() {
  const chat = useChat()
  const { t, language } = useTexts()
  const connection = useChatState((state) => state.connection)
  const suspensions = useChatState((state) => state.suspensions)
  const hasNetwork = useNetwork()
  const [isOpen, setOpen] = useState(false)
  const [first, ...others] = strictestFirst(suspensions)
  const end = useExpectedEnd(first)
  const reason = first && reasonIn(first, language)
  const seconds = useSecondsUntil(connection.kind === 'waiting' ? connection.until : undefined)
  const isOffline = connection.kind === 'waiting' || connection.kind === 'connecting'
  const kind = isOffline ? connection.kind : first ? first.mode : 'normal'
  return (
    <div className="strip" data-strip={kind}>
      {/* Seconds are shown, but a screen reader hears only that the state has changed. */}
      <div role="status" className="strip-text">
        {connection.kind === 'connecting' && (
          <>
            <span className="spinner" aria-hidden="true" />
            <span>{t.connecting}</span>
          </>
        )}
        {connection.kind === 'waiting' && (
          <>
            <Icon name="offline" size={16} />
            <span>{hasNetwork ? t.waitingForServer(seconds) : t.waiting(seconds)}</span>
          </>
        )}
        {!isOffline && first && (
          <>
            <Icon name="pause" size={16} />
            <span className="strip-title">{suspensionTitle(first, t)}</span>
            {reason && <span dir="auto">{reason}</span>}
            {end && <span className="strip-end">{end}</span>}
            {others.length > 0 && <span>{t.moreSuspended(others.length)}</span>}
          </>
        )}
      </div>
      {connection.kind === 'waiting' && (
        <button type="button" className="strip-button" onClick={() => chat.connect()}>
          {t.tryNow}
        </button>
      )}
      {!isOffline && first && (
        <button type="button" className="strip-button" onClick={() => setOpen(true)}>
          {t.details}
        </button>
      )}
      {isOpen && <SuspensionDialog suspensions={suspensions} onClose={() => setOpen(false)} />}
    </div>
  )
}

function useSecondsUntil(at: number | undefined): number {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    if (at === undefined) return
    const tick = () => setSeconds(Math.max(0, Math.ceil((at - Date.now()) / 1000)))
    tick()
    const timer = setInterval(tick, 1000)
    return () => clearInterval(timer)
  }, [at])
  return seconds
}
