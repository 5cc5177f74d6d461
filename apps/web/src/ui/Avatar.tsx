import { useEffect, useRef, useState } from 'react'
import type { Availability } from '../protocol/presence.ts'
import { bestPresence } from '../protocol/presence.ts'
import { titleOf } from '../state/conversations.ts'
import type { ChatState } from '../state/chat-state.ts'
import { useChat, useChatState } from './use-store.ts'

/** What to show as somebody's availability; own devices count as what we have set. */
export function availabilityOf(state: ChatState, jid: string): Availability {
  if (jid === state.account) return state.connection.kind === 'online' ? state.own.availability : 'offline'
  return bestPresence(Object.values(state.presence[jid] ?? {}))?.availability ?? 'offline'
}

/** A person's picture, or initials on a color of their own. Decoration: the name always stands beside it. */
export function Avatar({
  jid,
  size,
  hasPresence = false,
}: {
  readonly jid: string
  readonly size: 'small' | 'medium' | 'large'
  readonly hasPresence?: boolean
}) {
  const chat = useChat()
  const title = useChatState((state) => titleOf(state, jid))
  const hash = useChatState((state) => state.avatars[jid])
  const availability = useChatState((state) => availabilityOf(state, jid))
  const isOnline = useChatState((state) => state.connection.kind === 'online')
  const canvas = useRef<HTMLCanvasElement>(null)
  const [bitmap, setBitmap] = useState<ImageBitmap | undefined>(undefined)

  useEffect(() => {
    if (hash === undefined) chat.avatars.want(jid)
  }, [chat, jid, hash, isOnline])

  useEffect(() => {
    if (!hash) return setBitmap(undefined)
    let isCurrent = true
    void chat.avatars.load(jid, hash).then((loaded) => {
      if (isCurrent) setBitmap(loaded)
    })
    return () => {
      isCurrent = false
    }
  }, [chat, jid, hash, isOnline])

  useEffect(() => {
    const target = canvas.current
    if (!target || !bitmap) return
    target.width = bitmap.width
    target.height = bitmap.height
    target.getContext('2d')?.drawImage(bitmap, 0, 0)
  }, [bitmap])

  return (
    <span className="avatar" data-size={size} data-hue={hueOf(jid)} aria-hidden="true">
      {bitmap ? <canvas ref={canvas} /> : <span className="avatar-initials">{initialsOf(title)}</span>}
      {hasPresence && <span className="presence-dot" data-availability={availability} />}
    </span>
  )
}

function initialsOf(title: string): string {
  const words = title.split(/[\s._@-]+/).filter((word) => word !== '')
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '')
  return letters.join('').toLocaleUpperCase() || '?'
}

/** One of eight colors, the same for the same person everywhere. */
function hueOf(jid: string): number {
  let sum = 0
  for (const char of jid) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  return sum % 8
}
