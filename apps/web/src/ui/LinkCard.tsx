import { useEffect, useRef, useState } from 'react'
import type { ShownPreview } from '../app/previews.ts'
import { showBidiControls } from '../state/links.ts'
import { Icon } from './icons.tsx'
import { useChat } from './use-store.ts'

/** What is behind a link. The card has one size, with or without an answer, so that nothing moves when it comes. */
export function LinkCard({ href }: { readonly href: string }) {
  const chat = useChat()
  const [preview, setPreview] = useState<ShownPreview>()
  const canvas = useRef<HTMLCanvasElement>(null)

  useEffect(() => {
    let isCurrent = true
    void chat.previews.load(href).then((found) => {
      if (isCurrent) setPreview(found)
    })
    return () => {
      isCurrent = false
    }
  }, [chat, href])

  const bitmap = preview?.bitmap
  useEffect(() => {
    const target = canvas.current
    if (!target || !bitmap) return
    target.width = bitmap.width
    target.height = bitmap.height
    target.getContext('2d')?.drawImage(bitmap, 0, 0)
  }, [bitmap])

  const { hostname } = new URL(href)
  return (
    <a
      className="link-card"
      data-testid="link-card"
      data-known={preview !== undefined}
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      tabIndex={-1}
    >
      <span className="link-card-picture">
        {bitmap ? <canvas ref={canvas} aria-hidden="true" /> : <Icon name="link" size={22} />}
      </span>
      <span className="link-card-text">
        <small>
          {/* Whatever the page calls itself, this is where it is. */}
          <bdi>{showBidiControls(hostname)}</bdi>
          {preview?.siteName !== undefined && <bdi> · {showBidiControls(preview.siteName)}</bdi>}
        </small>
        <strong dir="auto">{showBidiControls(preview?.title ?? href)}</strong>
        {preview?.description !== undefined && <span dir="auto">{showBidiControls(preview.description)}</span>}
      </span>
    </a>
  )
}
