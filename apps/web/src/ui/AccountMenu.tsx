import { useRef, useState } from 'react'
import { AVAILABILITIES } from '../protocol/presence.ts'
import { Avatar } from './Avatar.tsx'
import { DevicesDialog } from './DevicesDialog.tsx'
import { Dialog, LANGUAGES } from '@drawbridge/ui'
import type { Language } from '@drawbridge/ui'
import { THEMES, usePreferences } from './preferences.ts'
import { StorageUse } from './StorageUse.tsx'
import { useApp, useChat, useChatState, useTexts } from './use-store.ts'

/** Own picture, status and settings, behind one button. */
export function AccountMenu({ onShortcuts }: { readonly onShortcuts: () => void }) {
  const { t } = useTexts()
  const account = useChatState((state) => state.account)
  const availability = useChatState((state) => state.own.availability)
  const [isOpen, setOpen] = useState(false)
  const [isDevicesOpen, setDevicesOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        className="account-button"
        onClick={() => setOpen(true)}
        aria-haspopup="dialog"
        aria-label={`${t.account}: ${account}, ${t.availability(availability)}`}
      >
        <Avatar jid={account} size="small" hasPresence />
      </button>
      {isOpen && (
        <AccountDialog
          onClose={() => setOpen(false)}
          onShortcuts={() => {
            setOpen(false)
            onShortcuts()
          }}
          onDevices={() => {
            setOpen(false)
            setDevicesOpen(true)
          }}
        />
      )}
      {isDevicesOpen && <DevicesDialog onClose={() => setDevicesOpen(false)} />}
    </>
  )
}

interface AccountDialogProps {
  readonly onClose: () => void
  readonly onShortcuts: () => void
  readonly onDevices: () => void
}

function AccountDialog({ onClose, onShortcuts, onDevices }: AccountDialogProps) {
  const app = useApp()
  const chat = useChat()
  const { t, language } = useTexts()
  const preferences = usePreferences()
  const account = useChatState((state) => state.account)
  const own = useChatState((state) => state.own)
  const hasPreviews = useChatState((state) => state.hasPreviews)
  const [status, setStatus] = useState(own.status)
  const [pictureProblem, setPictureProblem] = useState('')
  const [isLeaving, setLeaving] = useState(false)
  const picker = useRef<HTMLInputElement>(null)
  const unsent = chat.countUnsent()

  return (
    <Dialog title={t.account} onClose={onClose}>
      <div className="account-head">
        <Avatar jid={account} size="large" />
        <div>
          <strong>
            <bdi>{account}</bdi>
          </strong>
          <button type="button" className="link-button" onClick={() => picker.current?.click()}>
            {t.changePicture}
          </button>
          <input
            ref={picker}
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif"
            hidden
            onChange={({ target }) => {
              const file = target.files?.[0]
              target.value = ''
              if (!file) return
              setPictureProblem('')
              chat.avatars.publish(file).catch(() => setPictureProblem(t.pictureRefused))
            }}
          />
          <span role="alert" className="field-problem">
            {pictureProblem}
          </span>
        </div>
      </div>

      <fieldset className="choices">
        <legend>{t.yourStatus}</legend>
        {AVAILABILITIES.filter((value) => value !== 'offline').map((value) => (
          <label key={value} className="choice">
            <input
              type="radio"
              name="availability"
              checked={own.availability === value}
              onChange={() => chat.setPresence(value, own.status)}
            />
            <span className="presence-dot" data-availability={value} />
            {t.availability(value)}
          </label>
        ))}
      </fieldset>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          chat.setPresence(own.availability, status.trim())
        }}
      >
        <input
          value={status}
          maxLength={120}
          dir="auto"
          placeholder={t.statusPlaceholder}
          aria-label={t.statusPlaceholder}
          onChange={(event) => setStatus(event.target.value)}
        />
        <button type="submit" className="button" disabled={status.trim() === own.status}>
          {t.saveStatus}
        </button>
      </form>

      <fieldset className="choices">
        <legend>{t.theme}</legend>
        {THEMES.map((theme) => (
          <label key={theme} className="choice">
            <input
              type="radio"
              name="theme"
              checked={preferences.theme === theme}
              onChange={() => preferences.setTheme(theme)}
            />
            {{ system: t.themeSystem, light: t.themeLight, dark: t.themeDark }[theme]}
          </label>
        ))}
      </fieldset>
      <label className="field-row">
        <span>{t.language}</span>
        <select value={language} onChange={(event) => preferences.setLanguage(event.target.value as Language)}>
          {Object.entries(LANGUAGES).map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>

      {hasPreviews && (
        <label className="check">
          <input
            type="checkbox"
            checked={preferences.showsPreviews}
            onChange={({ target }) => preferences.setShowsPreviews(target.checked)}
          />
          <span>
            {t.linkPreviews} <small>{t.linkPreviewsHint}</small>
          </span>
        </label>
      )}
      <StorageUse />

      <div className="dialog-footer">
        <div>
          <button type="button" className="link-button" onClick={onDevices}>
            {t.devices}
          </button>
          <button type="button" className="link-button" onClick={onShortcuts}>
            {t.shortcuts}
          </button>
          <p className="hint">{t.version(app.version, app.build)}</p>
        </div>
        {isLeaving && unsent > 0 ? (
          <div className="confirm" role="alertdialog" aria-label={t.signOut}>
            <p>{t.signOutUnsent(unsent)}</p>
            <button type="button" className="button danger" onClick={() => void app.signOut()}>
              {t.signOut}
            </button>
            <button type="button" className="button" onClick={() => setLeaving(false)}>
              {t.cancel}
            </button>
          </div>
        ) : (
          <button type="button" className="button" onClick={() => (unsent > 0 ? setLeaving(true) : void app.signOut())}>
            {t.signOut}
          </button>
        )}
      </div>
    </Dialog>
  )
}
