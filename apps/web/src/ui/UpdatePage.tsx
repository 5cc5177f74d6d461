import { useEffect, useState } from 'react'
import type { UpdateProgress } from '../app/app.ts'
import type { ClientBlocked } from '../connection/failure.ts'
import { formatInstant } from './format.ts'
import { Logo } from '@drawbridge/ui'
import { Icon } from './icons.tsx'
import { useApp, useTexts } from './use-store.ts'

/** This version is refused: what happened, what is needed, and what the page does about it by itself. */
export function UpdatePage({ blocked, update }: { readonly blocked: ClientBlocked; readonly update: UpdateProgress }) {
  const app = useApp()
  const { t, language } = useTexts()
  const [isCopied, setCopied] = useState(false)
  const facts = [
    [t.updateYours, `${app.version} (${app.build})`],
    [t.updateNeeded, blocked.minVersion],
    [t.reason, blocked.reason],
    [t.updateRule, blocked.rule],
    [t.updateDeadline, blocked.deadline && formatInstant(blocked.deadline.getTime(), language)],
  ].filter((fact): fact is [string, string] => Boolean(fact[1]))

  async function copy() {
    const lines = facts.map(([name, value]) => `${name}: ${value}`)
    await navigator.clipboard.writeText(['Drawbridge', ...lines, navigator.userAgent].join('\n')).catch(() => undefined)
    setCopied(true)
  }

  return (
    <main className="full-page" data-testid="update-required" data-update={update.kind}>
      <div className="full-page-card">
        <Logo size={44} />
        <div role="alert">
          <h1>{t.updateTitle}</h1>
          <p className="lead">{t.updateText}</p>
        </div>
        <dl className="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
        </dl>
        <p className="full-page-progress" role="status">
          <span className="spinner" aria-hidden="true" />
          <UpdateText update={update} />
        </p>
        <div className="button-row">
          {update.kind === 'reloading' && (
            <button type="button" className="button primary" onClick={() => app.updateNow()}>
              {t.updateNow}
            </button>
          )}
          {blocked.url !== undefined && (
            <a className="button" href={blocked.url} target="_blank" rel="noopener noreferrer">
              {t.updateLink}
            </a>
          )}
          <button type="button" className="button" onClick={() => void copy()}>
            <Icon name="file" size={16} />
            {isCopied ? t.copied : t.copyDetails}
          </button>
        </div>
      </div>
    </main>
  )
}

function UpdateText({ update }: { readonly update: UpdateProgress }) {
  const { t } = useTexts()
  const [seconds, setSeconds] = useState(0)
  const at = update.kind === 'reloading' ? update.at : undefined
  useEffect(() => {
    if (at === undefined) return
    const tick = () => setSeconds(Math.max(0, Math.ceil((at - Date.now()) / 1000)))
    tick()
    const timer = setInterval(tick, 1000)
    return () => clearInterval(timer)
  }, [at])
  if (update.kind === 'looking') return t.updateLooking
  if (update.kind === 'waiting') return t.updateWaiting
  return seconds > 0 ? t.updateReloadingIn(update.version, seconds) : t.updateReloading(update.version)
}
