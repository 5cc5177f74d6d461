import { useEffect, useId, useRef } from 'react'
import type { KeyboardEvent, ReactNode } from 'react'
import { Glyph } from './Glyph.tsx'
import { useLanguage } from './language.ts'

const CLOSE = { en: 'Close', de: 'Schließen' } as const
const FIELD = ':is(input, select, textarea):not([type=checkbox], [type=radio])'
const CROSS = 'M6 6l12 12M18 6L6 18'

/** A modal dialog. The browser traps the focus and gives it back to the opener. */
export function Dialog({
  title,
  onClose,
  children,
  size = 'normal',
  isKept = false,
  onKeyDown,
}: {
  readonly title: string
  /** Absent: it cannot be closed but by what is in it. */
  readonly onClose?: () => void
  readonly children: ReactNode
  readonly size?: 'normal' | 'wide' | 'full'
  /** A click beside it does not close it: somebody may have typed something. */
  readonly isKept?: boolean
  readonly onKeyDown?: (event: KeyboardEvent) => void
}) {
  const language = useLanguage()
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    // Of itself the browser takes the first there is, which closes it.
    const first = element?.querySelector<HTMLElement>('[data-autofocus]') ?? element?.querySelector<HTMLElement>(FIELD)
    first?.focus()
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
        onClose?.()
      }}
      onClick={(event) => {
        if (event.target === dialog.current && !isKept) onClose?.()
      }}
    >
      <div className="dialog-body">
        <div className="dialog-header">
          <h2 id={titleId}>{title}</h2>
          {onClose && (
            <button type="button" className="icon-button" onClick={onClose} aria-label={CLOSE[language]}>
              <Glyph path={CROSS} />
            </button>
          )}
        </div>
        {children}
      </div>
    </dialog>
  )
}
