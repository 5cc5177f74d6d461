import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { listConversations, totalUnread } from '../state/conversations.ts'
import type { Place } from '../storage/database.ts'
import { AccountMenu } from './AccountMenu.tsx'
import { Announcer } from './Announcer.tsx'
import { ConversationList } from './ConversationList.tsx'
import { ConversationPane } from './ConversationPane.tsx'
import { Logo } from '@drawbridge/ui'
import { Icon } from './icons.tsx'
import { NewConversationDialog } from './NewConversationDialog.tsx'
import { openPeerInUrl, showPeerInUrl } from './route.ts'
import { ShortcutsDialog } from './ShortcutsDialog.tsx'
import { StatusStrip } from './StatusStrip.tsx'
import { isCut } from '../protocol/suspension.ts'
import { SuspendedPage } from './Suspension.tsx'
import { useApp, useChat, useChatState, useTexts } from './use-store.ts'

/** The signed-in screen: list and conversation side by side, or one of them where it is narrow. */
export function ChatPage() {
  const app = useApp()
  const chat = useChat()
  const { t } = useTexts()
  const open = useChatState((state) => state.open)
  const unread = useChatState(totalUnread)
  const isRestored = useChatState((state) => state.isRestored)
  const cut = useChatState((state) => (state.connection.kind === 'online' ? undefined : state.suspensions.find(isCut)))
  const [dialog, setDialog] = useState<'new' | 'shortcuts' | undefined>(undefined)
  const placeSource = useRef<(() => Pick<Place, 'anchor' | 'offsetPx'>) | undefined>(undefined)
  const goTo = useCallback(
    (peer: string | undefined) => {
      chat.open(peer)
      showPeerInUrl(peer)
      setDialog(undefined)
    },
    [chat],
  )

  useEffect(() => {
    const follow = () => chat.open(openPeerInUrl())
    follow()
    addEventListener('popstate', follow)
    return () => removeEventListener('popstate', follow)
  }, [chat])

  useEffect(() => {
    // A file that misses the conversation must not take the page away and open in its place.
    const keep = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault()
    }
    addEventListener('dragover', keep)
    addEventListener('drop', keep)
    return () => {
      removeEventListener('dragover', keep)
      removeEventListener('drop', keep)
    }
  }, [])

  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t.appName}` : t.appName
  }, [unread, t])

  const place = useMemo(
    () => () => {
      const peer = chat.store.get().open
      const where = placeSource.current?.()
      if (peer === undefined || !where) return undefined
      const composer = document.querySelector<HTMLTextAreaElement>('[data-testid="composer"]')
      return { peer, ...where, caret: composer?.selectionStart, savedAt: Date.now() }
    },
    [chat],
  )
  useEffect(() => {
    app.setPlaceSource(place)
    const leave = (event: PageTransitionEvent) => {
      const where = place()
      if (where) chat.savePlace(where)
      if (!event.persisted) chat.leave()
    }
    const look = () => {
      if (document.visibilityState === 'visible') chat.probe()
    }
    const network = () => chat.probe()
    const noNetwork = () => chat.interrupt()
    addEventListener('pagehide', leave)
    addEventListener('online', network)
    addEventListener('offline', noNetwork)
    document.addEventListener('visibilitychange', look)
    return () => {
      app.setPlaceSource(undefined)
      removeEventListener('pagehide', leave)
      removeEventListener('online', network)
      removeEventListener('offline', noNetwork)
      document.removeEventListener('visibilitychange', look)
    }
  }, [app, chat, place])

  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      const target = event.target as HTMLElement
      const isTyping = target.matches('input, textarea, select, [contenteditable]')
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        goToList()
        document.querySelector<HTMLInputElement>('#filter')?.focus()
      } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        event.preventDefault()
        const peers = listConversations(chat.store.get(), '').map(({ peer }) => peer)
        const index = peers.indexOf(chat.store.get().open ?? '')
        const next = peers[event.key === 'ArrowDown' ? index + 1 : Math.max(0, index - 1)]
        if (next !== undefined) goTo(next)
      } else if (event.key === '?' && !isTyping && !event.ctrlKey && !event.altKey && !event.metaKey) {
        setDialog('shortcuts')
      }
    }
    function goToList() {
      if (matchMedia('(max-width: 699px)').matches) goTo(undefined)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [chat, goTo])

  if (cut) return <SuspendedPage suspension={cut} onRetry={() => chat.connect()} />
  const lastPlace = chat.lastPlace?.peer === open ? chat.lastPlace : undefined
  return (
    <div className="shell" data-testid="chat" data-view={open === undefined ? 'list' : 'conversation'}>
      <header className="topbar">
        <h1 className="brand">
          <Logo size={26} />
          <span>{t.appName}</span>
        </h1>
        <StatusStrip />
        <AccountMenu onShortcuts={() => setDialog('shortcuts')} />
      </header>
      <main className="main">
        <ConversationList onOpen={goTo} onNew={() => setDialog('new')} />
        {open === undefined ? (
          <section className="pane welcome">
            <Icon name="chat" size={44} />
            <h2>{t.welcomeTitle}</h2>
            <p>{t.welcomeText}</p>
          </section>
        ) : !isRestored ? (
          // Where to begin is not known yet.
          <section className="pane" aria-busy="true" />
        ) : (
          <ConversationPane
            key={open}
            peer={open}
            place={lastPlace}
            placeSource={placeSource}
            onBack={() => goTo(undefined)}
          />
        )}
      </main>
      {dialog === 'new' && <NewConversationDialog onClose={() => setDialog(undefined)} onOpen={goTo} />}
      {dialog === 'shortcuts' && <ShortcutsDialog onClose={() => setDialog(undefined)} />}
      <Announcer />
    </div>
  )
}
