import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from 'react'
import { Icon } from './icons.tsx'
import { useTexts } from './use-store.ts'

/** A modal dialog. The browser traps the focus and gives it back to the opener; Esc and a click beside it close it. */
export function Dialog({
  title,
  onClose,
  children,
  size = 'normal',
  onKeyDown,
}: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly size?: 'normal' | 'full'
  readonly onKeyDown?: (event: KeyboardEvent) => void
}) {
  const { t } = useTexts()
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      className="dialog"
      data-size={size}
      onKeyDown={onKeyDown}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose()
      }}
    >
      <div className="dialog-body">
        <div className="dialog-header">
          <h2 id={titleId}>{title}</h2>
          <button type="button" className="icon-button" onClick={onClose} aria-label={t.close}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  )
}
