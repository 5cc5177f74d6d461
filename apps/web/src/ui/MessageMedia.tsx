import type { Media } from '../protocol/media.ts'
import { showBidiControls } from '../state/links.ts'
import { isOwnUpload, isShownAsImage } from '../state/media.ts'
import { formatBytes } from './format.ts'
import { Icon } from './icons.tsx'
import { MessageText } from './MessageText.tsx'
import { SharedImage, type SharedImageProps } from './SharedImage.tsx'
import { useMediaOrigins, useTexts } from './use-store.ts'

/** A shared image, or a file to download; a link where it is not on our server. */
export function MessageMedia(props: SharedImageProps) {
  const { media } = props
  const origins = useMediaOrigins()
  if (isShownAsImage(media, origins)) return <SharedImage {...props} />
  if (isOwnUpload(media.url, origins)) return <SharedFile media={media} />
  return <MessageText text={media.url} isUnstyled />
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
