import { useEffect, useMemo, useRef } from 'react'
import { thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash'
import type { Media } from '../protocol/media.ts'
import { imageBox, isWorthRetrying, ownThumbnails, sourceSet, type MediaGone } from '../state/media.ts'
import { Icon } from './icons.tsx'
import { isWorthTelling, reEncodingText } from './re-encoding.ts'
import { useImage } from './use-image.ts'
import { useMediaOrigins, useTexts } from './use-store.ts'

export interface SharedImageProps {
  readonly media: Media
  readonly author: string
  readonly isMine: boolean
  readonly onOpen: () => void
}

/** A shared image in a box of its final size, from the first moment to whatever becomes of it. */
export function SharedImage({ media, author, isMine, onOpen }: SharedImageProps) {
  const { t, language } = useTexts()
  const origins = useMediaOrigins()
  const thumbnails = useMemo(() => ownThumbnails(media, origins), [media, origins])
  const urls = useMemo(() => [media.url, ...thumbnails.map(({ url }) => url)], [media.url, thumbnails])
  const { phase, gone, round, onLoad, onError, look } = useImage(urls)
  const box = imageBox(media)
  const label = media.description ?? (media.isSticker ? t.stickerFrom(author) : t.imageFrom(author))
  const isAnimated = (media.reEncoding?.frames ?? 1) > 1
  const [still] = thumbnails
  const style = { inlineSize: box.widthPx, aspectRatio: `${box.widthPx} / ${box.heightPx}` }
  return (
    <>
      {gone ? (
        <div className="image-box" style={style}>
          <GoneImage gone={gone} onRetry={look} />
        </div>
      ) : (
        <button
          type="button"
          className="image-box shared-image"
          data-testid="image"
          data-phase={phase}
          data-sticker={media.isSticker}
          style={style}
          tabIndex={-1}
          aria-label={t.openImage(label)}
          onClick={onOpen}
        >
          {phase !== 'loaded' && media.placeholder !== undefined && <Placeholder hash={media.placeholder} />}
          <picture>
            {isAnimated && still && <source media="(prefers-reduced-motion: reduce)" srcSet={still.url} />}
            <img
              key={round}
              src={media.url}
              {...(isAnimated ? {} : { srcSet: sourceSet(media, thumbnails), sizes: `${box.widthPx}px` })}
              alt={label}
              loading="lazy"
              decoding="async"
              referrerPolicy="no-referrer"
              onLoad={onLoad}
              onError={({ currentTarget }) => onError(currentTarget.currentSrc)}
            />
          </picture>
        </button>
      )}
      {isMine && isWorthTelling(media) && (
        <p className="re-encoding" data-testid="re-encoding">
          <Icon name="shield" size={14} />
          {reEncodingText(media, t, language)}
        </p>
      )}
    </>
  )
}

/** What stands in the box until the image is there: its main color at once, and its shapes. */
function Placeholder({ hash }: { readonly hash: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const target = canvas.current
    const context = target?.getContext('2d')
    if (!target || !context) return
    try {
      const bytes = Uint8Array.from(atob(hash), (char) => char.charCodeAt(0))
      const { r, g, b, a } = thumbHashToAverageRGBA(bytes)
      target.style.backgroundColor = `rgb(${r * 255} ${g * 255} ${b * 255} / ${a})`
      const { w, h, rgba } = thumbHashToRGBA(bytes)
      target.width = w
      target.height = h
      context.putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0)
    } catch {
      // No ThumbHash: the box stays as it is.
    }
  }, [hash])
  return <canvas ref={canvas} className="placeholder" aria-hidden="true" width={1} height={1} />
}

/** Why an image is not there, in its place. */
function GoneImage({ gone, onRetry }: { readonly gone: MediaGone; readonly onRetry: () => void }) {
  const { t } = useTexts()
  return (
    <p className="image-gone" data-testid="image-gone" data-why={gone.why}>
      <Icon name={isWorthRetrying(gone) ? 'warning' : 'imageOff'} />
      <span>
        {t.imageGone(gone.why)}
        {gone.reason !== '' && ` ${t.imageGoneReason(gone.reason)}`}{' '}
        {isWorthRetrying(gone) && (
          <button type="button" className="link-button" tabIndex={-1} onClick={onRetry}>
            {t.retry}
          </button>
        )}
      </span>
    </p>
  )
}
