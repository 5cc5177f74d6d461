import { useCallback, useEffect, useState } from 'react'
import type { Media } from '../protocol/message.ts'
import { showBidiControls } from '../state/links.ts'
import { findMediaGone, imageBox, isOwnUpload, isShownAsImage, type MediaGone } from '../state/media.ts'
import { Dialog } from './Dialog.tsx'
import { formatBytes } from './format.ts'
import { Icon } from './icons.tsx'
import { MessageText } from './MessageText.tsx'
import { useChatState, useMediaOrigins, useTexts } from './use-store.ts'

/** A shared image in a box of its final size, or a file to download; a link where it is not on our server. */
export function MessageMedia({ media, author }: { readonly media: Media; readonly author: string }) {
  const origins = useMediaOrigins()
  if (isShownAsImage(media, origins)) return <SharedImage media={media} author={author} />
  if (isOwnUpload(media.url, origins)) return <SharedFile media={media} />
  return <MessageText text={media.url} />
}

function SharedImage({ media, author }: { readonly media: Media; readonly author: string }) {
  const { t } = useTexts()
  const [isOpen, setOpen] = useState(false)
  const { gone, round, look } = useMediaGone(media.url)
  const box = imageBox(media)
  const label = t.imageFrom(author)
  if (gone) {
    return (
      <span
        className="image-failed"
        data-testid="image-gone"
        data-why={gone.why}
        style={{ width: box.widthPx, minHeight: box.heightPx }}
      >
        <Icon name="image" />
        <span>{gone.why === 'unknown' ? t.imageLoadFailed : t.imageGone(gone.why)}</span>
        {gone.reason !== '' && <span>{t.imageGoneReason(gone.reason)}</span>}
        {gone.why === 'unknown' && (
          <button type="button" className="link-button" tabIndex={-1} onClick={look}>
            {t.retry}
          </button>
        )}
      </span>
    )
  }
  return (
    <>
      <button
        type="button"
        className="shared-image"
        data-testid="image"
        tabIndex={-1}
        aria-label={t.openImage}
        onClick={() => setOpen(true)}
      >
        <img
          key={round}
          src={media.url}
          alt={label}
          width={box.widthPx}
          height={box.heightPx}
          loading="lazy"
          decoding="async"
          referrerPolicy="no-referrer"
          onError={look}
        />
      </button>
      {isOpen && (
        <Dialog title={showBidiControls(media.name)} onClose={() => setOpen(false)} size="wide">
          <img className="lightbox" src={media.url} alt={label} referrerPolicy="no-referrer" />
        </Dialog>
      )}
    </>
  )
}

/** Why a file is not there: found out when it does not load, and whenever the server says that something has changed. */
function useMediaGone(url: string): {
  readonly gone: MediaGone | undefined
  readonly round: number
  readonly look: () => void
} {
  const generation = useChatState((state) => state.mediaGeneration)
  const [gone, setGone] = useState<MediaGone>()
  const [round, setRound] = useState(0)
  const look = useCallback(() => {
    void findMediaGone(url).then((found) => {
      setGone(found)
      // A new element: one that has failed does not try again.
      if (!found) setRound((before) => before + 1)
    })
  }, [url])
  useEffect(() => {
    if (generation > 0) look()
  }, [generation, look])
  return { gone, round, look }
}

function SharedFile({ media }: { readonly media: Media }) {
  const { t, language } = useTexts()
  const name = showBidiControls(media.name)
  return (
    <a
      className="shared-file"
      data-testid="file"
      href={media.url}
      download={media.name}
      rel="noopener noreferrer"
      tabIndex={-1}
    >
      <Icon name="file" />
      <span className="shared-file-name">
        <bdi>{name}</bdi>
        {media.bytes !== undefined && <small>{formatBytes(media.bytes, language)}</small>}
      </span>
      <span className="visually-hidden">{t.download}</span>
      <Icon name="download" size={18} />
    </a>
  )
}
