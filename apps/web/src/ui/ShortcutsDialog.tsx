import { Dialog } from '@drawbridge/ui'
import { useTexts } from './use-store.ts'

export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTexts()
  const shortcuts: readonly (readonly [readonly string[], string])[] = [
    [['Ctrl', 'K'], t.shortcutSearch],
    [['Alt', '↓'], t.shortcutNextConversation],
    [['Alt', '↑'], t.shortcutPreviousConversation],
    [['Enter'], t.shortcutSend],
    [['Shift', 'Enter'], t.shortcutNewLine],
    [['↑', '↓'], t.shortcutTimeline],
    [['→', 'Esc'], t.shortcutActions],
    [['?'], t.shortcutHelp],
  ]
  return (
    <Dialog title={t.shortcuts} onClose={onClose}>
      <dl className="shortcuts">
        {shortcuts.map(([keys, text]) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
