import { useEffect, useState } from 'react'
import { isAboutEverything, reasonIn, strictestFirst } from '@drawbridge/contract/browser'
import { hidesMessages, type Suspension } from '../protocol/suspension.ts'
import type { Texts } from '../texts/index.ts'
import { Dialog } from '@drawbridge/ui'
import { formatRelative } from '@drawbridge/ui'
import { formatMoment } from './format.ts'
import { Logo } from '@drawbridge/ui'
import { Icon } from './icons.tsx'
import { useApp, useTexts } from './use-store.ts'

/** What is suspended, in a few words. */
export function suspensionTitle(suspension: Suspension, t: Texts): string {
  const { scopes, mode } = suspension
  if (mode === 'announce') return t.suspendedAnnounce
  if (!isAboutEverything(suspension) && !scopes.includes('messages')) {
    if (scopes.length > 1) return t.suspendedSeveral
    const [kind = ''] = (scopes[0] ?? '').split(':')
    return t.suspendedScope(kind)
  }
  return mode === 'hold' ? t.suspendedHold : mode === 'cut' ? t.suspendedCut : t.suspendedReadOnly
}

/** "until 14:30 (in 20 min)" */
export function useExpectedEnd(suspension: Suspension | undefined): string | undefined {
  const { t, language } = useTexts()
  const now = useMinute()
  if (suspension?.until === undefined) return undefined
  return t.until(formatMoment(suspension.until, now, language), formatRelative(suspension.until, now, language))
}

/** Everything a person may know about the suspensions in force. */
export function SuspensionFacts({ suspension }: { readonly suspension: Suspension }) {
  const { t, language } = useTexts()
  const now = useMinute()
  const moment = (at: number) => `${formatMoment(at, now, language)} (${formatRelative(at, now, language)})`
  return (
    <dl className="facts">
      <div>
        <dt>{t.reason}</dt>
        <dd dir="auto">{reasonIn(suspension, language) || t.noReason}</dd>
      </div>
      {suspension.since !== undefined && (
        <div>
          <dt>{t.since}</dt>
          <dd>{moment(suspension.since)}</dd>
        </div>
      )}
      <div>
        <dt>{t.expectedEnd}</dt>
        <dd>{suspension.until === undefined ? t.noEnd : moment(suspension.until)}</dd>
      </div>
      {suspension.mode !== 'cut' && (
        <div>
          <dt>{t.whatWorks}</dt>
          <dd>
            {hidesMessages([suspension])
              ? t.worksReject
              : !isAboutEverything(suspension) || suspension.mode === 'announce'
                ? t.worksFeature
                : suspension.mode === 'hold'
                  ? t.worksHold
                  : t.worksReadOnly}
          </dd>
        </div>
      )}
    </dl>
  )
}

export function SuspensionDialog({
  suspensions,
  onClose,
}: {
  readonly suspensions: readonly Suspension[]
  readonly onClose: () => void
}) {
  const { t } = useTexts()
  const [first, ...others] = strictestFirst(suspensions)
  if (!first) return null
  return (
    <Dialog title={suspensionTitle(first, t)} onClose={onClose}>
      <SuspensionFacts suspension={first} />
      {others.map((suspension) => (
        <section key={suspension.id}>
          <h3>{suspensionTitle(suspension, t)}</h3>
          <SuspensionFacts suspension={suspension} />
        </section>
      ))}
    </Dialog>
  )
}

/** The service is cut: no content, only why, since when and until when. */
export function SuspendedPage({
  suspension,
  onRetry,
}: {
  readonly suspension: Suspension
  readonly onRetry: () => void
}) {
  const { t } = useTexts()
  return (
    <main className="full-page" data-testid="suspended">
      <div className="full-page-card">
        <Logo size={44} />
        <div role="alert">
          <h1>
            <Icon name="pause" size={24} /> {t.suspendedCut}
          </h1>
          <p className="lead">{t.cutText}</p>
        </div>
        <SuspensionFacts suspension={suspension} />
        <Outside />
        <div className="button-row">
          <button type="button" className="button" onClick={onRetry}>
            <Icon name="refresh" size={16} />
            {t.tryNow}
          </button>
        </div>
      </div>
    </main>
  )
}

/** Where to go without this service: people, and a page about its state. */
function Outside() {
  const { t } = useTexts()
  const { contacts, statusPages } = useApp().outside()
  const lines = [
    { title: t.helpOutside, urls: contacts },
    { title: t.statusPage, urls: statusPages },
  ].filter(({ urls }) => urls.length > 0)
  if (lines.length === 0) return null
  return (
    <dl className="facts">
      {lines.map(({ title, urls }) => (
        <div key={title}>
          <dt>{title}</dt>
          {urls.map((url) => (
            <dd key={url}>
              <a href={url} rel="noreferrer">
                {url.replace(/^(?:mailto|tel):/u, '')}
              </a>
            </dd>
          ))}
        </div>
      ))}
    </dl>
  )
}

/** The current time, renewed twice a minute. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
