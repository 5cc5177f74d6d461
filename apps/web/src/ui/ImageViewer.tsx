import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { Media } from '../protocol/media.ts'
import { showBidiControls } from '../state/links.ts'
import { Dialog } from '@drawbridge/ui'
import { formatBytes } from './format.ts'
import { Icon } from './icons.tsx'
import { reEncodingText } from './re-encoding.ts'
import { useImage } from './use-image.ts'
import { useTexts } from './use-store.ts'

/** An image of a conversation. */
export interface ViewedImage {
  readonly key: string
  readonly media: Media
  readonly author: string
}

export interface ImageViewerProps {
  /** All of the conversation that are known, oldest first. */
  readonly images: readonly ViewedImage[]
  /** The key of the one to show. */
  readonly at: string
  readonly onMove: (key: string) => void
  readonly onClose: () => void
}

/** One image as large as the screen allows, with its neighbors a key away. */
export function ImageViewer({ images, at, onMove, onClose }: ImageViewerProps) {
  const { t, language } = useTexts()
  const index = images.findIndex(({ key }) => key === at)
  const image = images[index]
  useEffect(() => {
    // Its message was taken away.
    if (!image) onClose()
  }, [image, onClose])
  if (!image) return null
  const { media, author } = image

  function move(step: number) {
    const next = images[index + step]
    if (next) onMove(next.key)
  }

  function onKeyDown(event: KeyboardEvent) {
    const isRtl = getComputedStyle(event.currentTarget).direction === 'rtl'
    if (event.key === 'ArrowLeft') move(isRtl ? 1 : -1)
    else if (event.key === 'ArrowRight') move(isRtl ? -1 : 1)
    else return
    event.preventDefault()
  }

  const facts = [
    author,
    media.widthPx !== undefined && media.heightPx !== undefined ? `${media.widthPx} × ${media.heightPx}` : '',
    media.bytes === undefined ? '' : formatBytes(media.bytes, language),
  ]
  return (
    <Dialog title={showBidiControls(media.name)} onClose={onClose} size="full" onKeyDown={onKeyDown}>
      <div className="viewer" data-testid="viewer">
        <LargeImage key={at} media={media} author={author} />
        <div className="viewer-bar">
          <p className="viewer-facts">
            <span dir="auto">{facts.filter((fact) => fact !== '').join(' · ')}</span>
            {media.reEncoding && (
              <span>
                <Icon name="shield" size={14} /> {reEncodingText(media, t, language)}
              </span>
            )}
          </p>
          {images.length > 1 && (
            <div className="viewer-steps">
              <button
                type="button"
                className="icon-button"
                aria-label={t.previousImage}
                aria-disabled={index === 0}
                onClick={() => move(-1)}
              >
                <Icon name="back" />
              </button>
              <span role="status">{t.imagePosition(index + 1, images.length)}</span>
              <button
                type="button"
                className="icon-button flip"
                aria-label={t.nextImage}
                aria-disabled={index === images.length - 1}
                onClick={() => move(1)}
              >
                <Icon name="back" />
              </button>
            </div>
          )}
          <a className="button small" href={media.url} download={media.name} rel="noopener noreferrer">
            <Icon name="download" size={16} />
            {t.download}
          </a>
        </div>
      </div>
    </Dialog>
  )
}

function LargeImage({ media, author }: { readonly media: Media; readonly author: string }) {
  const { t } = useTexts()
  const urls = useMemo(() => [media.url], [media.url])
  const { phase, gone, round, onLoad, onError, look } = useImage(urls)
  const [isActualSize, setActualSize] = useState(false)
  const frame = useRef<HTMLDivElement>(null)
  const label = media.description ?? t.imageFrom(author)
  if (gone) {
    return (
      <div className="viewer-image" role="alert">
        <p>
          {t.imageGone(gone.why)} {gone.reason !== '' && t.imageGoneReason(gone.reason)}
        </p>
        <button type="button" className="button" onClick={look}>
          {t.retry}
        </button>
      </div>
    )
  }
  return (
    <div
      ref={frame}
      className="viewer-image"
      data-actual={isActualSize}
      data-phase={phase}
      aria-busy={phase === 'loading'}
    >
      <button
        type="button"
        aria-label={isActualSize ? t.fitToScreen : t.actualSize}
        aria-pressed={isActualSize}
        onClick={() => setActualSize(!isActualSize)}
      >
        <img
          key={round}
          src={media.url}
          width={media.widthPx}
          height={media.heightPx}
          alt={label}
          referrerPolicy="no-referrer"
          onLoad={onLoad}
          onError={() => onError(media.url)}
        />
      </button>
      {phase === 'loading' && <span className="spinner" aria-hidden="true" />}
    </div>
  )
}
