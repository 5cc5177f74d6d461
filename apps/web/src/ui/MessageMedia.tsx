import { useState } from 'react'
import type { Media } from '../protocol/message.ts'
import { showBidiControls } from '../state/links.ts'
import { imageBox, isOwnUpload, isShownAsImage } from '../state/media.ts'
import { Dialog } from './Dialog.tsx'
import { formatBytes } from './format.ts'
import { Icon } from './icons.tsx'
import { MessageText } from './MessageText.tsx'
import { useTexts } from './use-store.ts'

/** A shared image in a box of its final size, or a file to download; a link where it is not on our server. */
export function MessageMedia({ media, author }: { readonly media: Media; readonly author: string }) {
  if (isShownAsImage(media)) return <SharedImage media={media} author={author} />
  if (isOwnUpload(media.url, location.origin)) return <SharedFile media={media} />
  return <MessageText text={media.url} />
}

function SharedImage({ media, author }: { readonly media: Media; readonly author: string }) {
  const { t } = useTexts()
  const [isOpen, setOpen] = useState(false)
  const [hasFailed, setFailed] = useState(false)
  const box = imageBox(media)
  const label = t.imageFrom(author)
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
        {hasFailed ? (
          <span className="image-failed" style={{ width: box.widthPx, height: box.heightPx }}>
            <Icon name="image" />
            {t.imageLoadFailed}
          </span>
        ) : (
          <img
            src={media.url}
            alt={label}
            width={box.widthPx}
            height={box.heightPx}
            loading="lazy"
            decoding="async"
            referrerPolicy="no-referrer"
            onError={() => setFailed(true)}
          />
        )}
      </button>
      {isOpen && !hasFailed && (
        <Dialog title={showBidiControls(media.name)} onClose={() => setOpen(false)} size="wide">
          <img className="lightbox" src={media.url} alt={label} referrerPolicy="no-referrer" />
        </Dialog>
      )}
    </>
  )
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
